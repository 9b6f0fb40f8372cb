import { z } from 'zod';
import { StoreUnavailableError, type Store } from '@promptq/store';
import { openApiResponses, plainHeaders } from '../docs/responses.ts';
import type { Route } from '../http/route.ts';
import { Problem } from '../problems/problem.ts';

const okSchema = z.object({ status: z.literal('ok') }).meta({ id: 'Health' });
const ok: z.infer<typeof okSchema> = { status: 'ok' };
const okAnswer = {
  200: {
    description: 'Yes.',
    headers: plainHeaders,
    content: { 'application/json': { schema: okSchema } },
  },
};

/**
 * `GET /healthz`: whether the process is alive. It does not depend on Redis, because an outage is no reason for a
 * restart.
 */
export const liveness: Route = {
  method: 'get',
  path: '/healthz',
  scope: null,
  operation: {
    operationId: 'liveness',
    summary: 'Check whether the process is alive',
    tags: ['health'],
    responses: openApiResponses(okAnswer, []),
  },
  handle: (_req, res) => {
    res.set('Cache-Control', 'no-store').json(ok);
  },
};

interface ReadinessDeps {
  store: Pick<Store, 'ping'>;
  /** Whether the store has started. */
  isStarted: () => boolean;
  stopping: AbortSignal;
}

/** `GET /readyz`: whether the process can serve requests: Redis answers and the process is not stopping. */
export function readiness({ store, isStarted, stopping }: ReadinessDeps): Route {
  return {
    method: 'get',
    path: '/readyz',
    scope: null,
    operation: {
      operationId: 'readiness',
      summary: 'Check whether the process can serve requests',
      tags: ['health'],
      responses: openApiResponses(okAnswer, [503]),
    },
    handle: async (_req, res) => {
      if (stopping.aborted) {
        throw new Problem('shutting_down', 'This process is stopping.', {
          headers: { 'Retry-After': '1' },
        });
      }
      if (!isStarted()) throw new StoreUnavailableError();
      await store.ping();
      res.set('Cache-Control', 'no-store').json(ok);
    },
  };
}
