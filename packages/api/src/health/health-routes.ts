import type { Redis } from 'ioredis';
import { z } from 'zod';
import { fromRedis, redisUnavailable } from '../problems/store-unavailable.ts';
import { Problem } from '../problems/problem.ts';
import { openApiResponses, plainHeaders } from '../docs/responses.ts';
import type { Route } from '../http/route.ts';

const okSchema = z.object({ status: z.literal('ok') }).meta({ id: 'Health' });
const ok: z.infer<typeof okSchema> = { status: 'ok' };
const okAnswer = {
  200: {
    description: 'Yes.',
    headers: plainHeaders,
    content: { 'application/json': { schema: okSchema } },
  },
};

/** `GET /healthz`: whether the process lives. It never asks Redis: an outage there is no reason to be restarted. */
export const liveness: Route = {
  method: 'get',
  path: '/healthz',
  scope: null,
  operation: {
    operationId: 'liveness',
    summary: 'Is the process alive?',
    tags: ['health'],
    responses: openApiResponses(okAnswer, []),
  },
  handle: (_req, res) => {
    res.set('Cache-Control', 'no-store').json(ok);
  },
};

interface ReadinessDeps {
  redis: Redis;
  /** Whether Redis was there once and is one that promptq can work on. */
  isStarted: () => boolean;
  stopping: AbortSignal;
}

/** `GET /readyz`: whether requests may be sent here: Redis answers and the process is not stopping. */
export function readiness({ redis, isStarted, stopping }: ReadinessDeps): Route {
  return {
    method: 'get',
    path: '/readyz',
    scope: null,
    operation: {
      operationId: 'readiness',
      summary: 'Does the service take requests?',
      tags: ['health'],
      responses: openApiResponses(okAnswer, [503]),
    },
    handle: async (_req, res) => {
      if (stopping.aborted) {
        throw new Problem('shutting_down', 'This process is stopping.', {
          headers: { 'Retry-After': '1' },
        });
      }
      if (!isStarted()) throw redisUnavailable();
      await fromRedis(redis.ping());
      res.set('Cache-Control', 'no-store').json(ok);
    },
  };
}
