import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { plainEvent, jobTypeSchema, type JobType } from '@promptq/shared/contracts';
import type { RedisKeys } from '@promptq/shared/redis';
import { callerOf } from '../auth/authorize.ts';
import type { Caller } from '../auth/keyring.ts';
import { fromRedis } from '../problems/store-unavailable.ts';
import { Problem } from '../problems/problem.ts';
import { openApiResponses, plainHeaders } from '../docs/responses.ts';
import type { Route } from '../http/route.ts';
import { queueSchema, readQueue } from './queue-response.ts';

interface Deps {
  redis: Redis;
  keys: RedisKeys;
  queues: Record<JobType, Pick<Queue, 'pause' | 'resume'>>;
}

const pathSchema = z.object({ type: z.string() });

/**
 * `POST /v1/queues/{type}/pause` and `.../resume`: while a queue is paused, jobs are accepted and none is started, by
 * whichever worker; those that run go on. Idempotent. What was asked for is in the audit stream before it is done.
 */
export function pauseQueue(deps: Deps, what: 'pause' | 'resume'): Route {
  const { redis, keys, queues } = deps;
  return {
    method: 'post',
    path: `/v1/queues/{type}/${what}`,
    scope: 'admin',
    hasBody: false,
    operation: {
      operationId: `${what}Queue`,
      summary: what === 'pause' ? 'Start no more jobs of a type' : 'Start jobs of a type again',
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
      await fromRedis(audit(deps, type.data, what, callerOf(req)));
      await fromRedis(queues[type.data][what]());
      res.set('Cache-Control', 'no-store').json(await readQueue(redis, keys, type.data));
    },
  };
}

async function audit(
  { redis, keys }: Deps,
  type: JobType,
  what: 'pause' | 'resume',
  { tenant, keyId }: Caller,
): Promise<void> {
  const event = plainEvent('queue', {
    type: what === 'pause' ? 'queue.paused' : 'queue.resumed',
    tenant,
    job_type: type,
    user_id: keyId === null ? null : `key:${keyId}`,
  });
  const fields = ['job_id', '', 'type', event.type, 'event', JSON.stringify(event)];
  await redis.xadd(keys.audit, '*', ...fields);
}
