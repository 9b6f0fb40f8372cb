import { z } from 'zod';
import {
  jobTypeSchema,
  plainEvent,
  type AuditEvent,
  type JobType,
} from '@promptq/shared/contracts';
import type { Store } from '@promptq/store';
import { callerOf } from '../auth/authorize.ts';
import type { Caller } from '../auth/keyring.ts';
import { openApiResponses, plainHeaders } from '../docs/responses.ts';
import type { Route } from '../http/route.ts';
import { Problem } from '../problems/problem.ts';
import { queueSchema, readQueue } from './queue-response.ts';

const pathSchema = z.object({ type: z.string() });

type Action = 'pause' | 'resume';

/**
 * `POST /v1/queues/{type}/pause` and `.../resume`. While a queue is paused, jobs are accepted, no worker starts one,
 * and running jobs continue. Idempotent. The audit event is written before the queue is paused or resumed.
 */
export function pauseQueue({ store }: { store: Store }, action: Action): Route {
  return {
    method: 'post',
    path: `/v1/queues/{type}/${action}`,
    scope: 'admin',
    hasBody: false,
    operation: {
      operationId: `${action}Queue`,
      summary:
        action === 'pause' ? 'Pause the queue of a job type' : 'Resume the queue of a job type',
      tags: ['queues'],
      requestParams: { path: pathSchema },
      responses: openApiResponses(
        {
          200: {
            description: 'The queue.',
            headers: plainHeaders,
            content: { 'application/json': { schema: queueSchema } },
          },
        },
        [404, 503],
      ),
    },
    handle: async (req, res) => {
      const type = jobTypeSchema.safeParse(pathSchema.parse(req.params).type);
      if (!type.success) throw new Problem('not_found', 'There is no queue of this type.');
      await store.audit.append(auditEvent(type.data, action, callerOf(req)));
      await store.queues[action](type.data);
      res.set('Cache-Control', 'no-store').json(await readQueue(store, type.data));
    },
  };
}

function auditEvent(type: JobType, action: Action, { tenant, keyId }: Caller): AuditEvent {
  return plainEvent('queue', {
    type: action === 'pause' ? 'queue.paused' : 'queue.resumed',
    tenant,
    job_type: type,
    user_id: keyId === null ? null : `key:${keyId}`,
  });
}
