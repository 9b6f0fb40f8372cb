import type { Redis } from 'ioredis';
import { z } from 'zod';
import { jobSchema } from '@promptq/shared/contracts';
import { jobTypeOf, requestCancel, toPublicJob } from '@promptq/shared/queues';
import type { RedisKeys } from '@promptq/shared/redis';
import { fromRedis } from '../http/from-redis.ts';
import { answersWith, jobHeaders } from '../http/responses.ts';
import type { Route } from '../http/route.ts';
import type { ApiSettings } from '../settings.ts';
import type { JobQueues } from './add-job.ts';
import { findJob } from './find-job.ts';
import type { PollHint } from './poll-hint.ts';

const pathSchema = z.object({ id: z.string() });

interface Needs {
  redis: Redis;
  keys: RedisKeys;
  queues: JobQueues;
  settings: Pick<ApiSettings, 'RESULT_TTL_SECONDS'>;
  pollHint: PollHint;
}

/**
 * `POST /v1/jobs/{id}/cancel`: asks for the end of a job and answers with the job. Idempotent; a finished job
 * is answered as it is. A queued one is cancelled with the answer, a running one a moment later.
 */
export function cancelJob({ redis, keys, queues, settings, pollHint }: Needs): Route {
  return {
    method: 'post',
    path: '/v1/jobs/{id}/cancel',
    hasBody: false,
    operation: {
      operationId: 'cancelJob',
      summary: 'Cancel a job',
      tags: ['jobs'],
      requestParams: { path: pathSchema },
      responses: answersWith(
        {
          200: {
            description: 'The job.',
            headers: jobHeaders,
            content: { 'application/json': { schema: jobSchema } },
          },
        },
        [404, 503],
      ),
    },
    handle: async (req, res) => {
      const { id } = pathSchema.parse(req.params);
      const type = jobTypeOf(id);
      if (type) await fromRedis(requestCancel(redis, keys, queues[type], id));
      const record = await findJob(redis, keys, id, settings.RESULT_TTL_SECONDS);
      const job = toPublicJob(record, {
        resultTtlSeconds: settings.RESULT_TTL_SECONDS,
        includeInput: false,
        nowMs: Date.now(),
      });
      res.set({ 'Cache-Control': 'no-store', ...pollHint(job) }).json(job);
    },
  };
}
