import type { Redis } from 'ioredis';
import { z } from 'zod';
import { jobSchema } from '@promptq/shared/contracts';
import { standingOf } from '@promptq/shared/queues';
import type { RedisKeys } from '@promptq/shared/redis';
import { Problem } from '../http/problem.ts';
import { answersWith, acceptedHeaders } from '../http/responses.ts';
import type { Route } from '../http/route.ts';
import type { ApiSettings } from '../settings.ts';
import { addJob, type JobQueues } from './add-job.ts';
import { findJob } from './find-job.ts';
import type { PollHint } from './poll-hint.ts';
import { sendAccepted } from './submit-job.ts';

const pathSchema = z.object({ id: z.string() });
const retryable = new Set(['failed', 'cancelled', 'expired']);

interface Needs {
  redis: Redis;
  keys: RedisKeys;
  queues: JobQueues;
  settings: Pick<ApiSettings, 'RESULT_TTL_SECONDS'>;
  pollHint: PollHint;
}

/**
 * `POST /v1/jobs/{id}/retry`: a new job with the input and the options of one that has not completed; it
 * starts at once, whatever the delay of the first was.
 */
export function retryJob({ redis, keys, queues, settings, pollHint }: Needs): Route {
  return {
    method: 'post',
    path: '/v1/jobs/{id}/retry',
    hasBody: false,
    operation: {
      operationId: 'retryJob',
      summary: 'Run a job that has not completed again, as a new one',
      tags: ['jobs'],
      requestParams: { path: pathSchema },
      responses: answersWith(
        {
          202: {
            description: 'The new job is accepted; `retry_of` names the first.',
            headers: acceptedHeaders,
            content: { 'application/json': { schema: jobSchema } },
          },
        },
        [404, 409, 503],
      ),
    },
    handle: async (req, res) => {
      const { id } = pathSchema.parse(req.params);
      const record = await findJob(redis, keys, id, settings.RESULT_TTL_SECONDS);
      const { status } = standingOf(record, Date.now());
      if (!retryable.has(status)) {
        throw new Problem(
          'job_not_retryable',
          `This job is ${status}. Only one that is failed, cancelled or expired can be run again.`,
          { headers: { 'X-Should-Retry': 'false' } },
        );
      }
      const accepted = await addJob(
        queues,
        {
          type: record.type,
          data: { ...record.data, cancel_requested_at: null, retry_of: id },
          maxAttempts: record.maxAttempts,
          delaySeconds: 0,
        },
        settings.RESULT_TTL_SECONDS,
      );
      sendAccepted(res, accepted, pollHint);
    },
  };
}
