import type { Queue } from 'bullmq';
import {
  jobSchema,
  submissionSchema,
  type JobType,
  type Submission,
} from '@promptq/shared/contracts';
import { backoff, newJobId, toPublicJob, type JobData } from '@promptq/shared/queues';
import { fromRedis } from '../http/from-redis.ts';
import { parseBody } from '../http/parse.ts';
import { answersWith, jobHeaders } from '../http/responses.ts';
import { Problem } from '../http/problem.ts';
import type { Route } from '../http/route.ts';
import type { ApiSettings } from '../settings.ts';
import type { PollHint } from './poll-hint.ts';

interface Needs {
  queues: Record<JobType, Pick<Queue<JobData>, 'add'>>;
  settings: Pick<
    ApiSettings,
    'DEFAULT_MODEL' | 'JOB_ATTEMPTS' | 'JOB_TIMEOUT_SECONDS' | 'RESULT_TTL_SECONDS'
  >;
  pollHint: PollHint;
}

/** `POST /v1/jobs`: accepts a job. It is in Redis when the answer is sent. */
export function submitJob({ queues, settings, pollHint }: Needs): Route {
  return {
    method: 'post',
    path: '/v1/jobs',
    operation: {
      operationId: 'submitJob',
      summary: 'Submit a job',
      tags: ['jobs'],
      requestBody: {
        required: true,
        content: { 'application/json': { schema: submissionSchema } },
      },
      responses: answersWith(
        {
          202: {
            description: 'The job is accepted.',
            headers: jobHeaders,
            content: { 'application/json': { schema: jobSchema } },
          },
        },
        [400, 413, 415, 503],
      ),
    },
    handle: async (req, res) => {
      if (req.get('idempotency-key') !== undefined) throw idempotencyNotYet();
      const { type, user_id, metadata, ...submission } = parseBody(submissionSchema, req);
      const data = {
        input: withModel(submission.input, settings.DEFAULT_MODEL),
        user_id,
        metadata,
        timeout_seconds: settings.JOB_TIMEOUT_SECONDS,
      } as JobData;
      const job = await fromRedis(
        queues[type].add(type, data, {
          jobId: newJobId(type),
          attempts: settings.JOB_ATTEMPTS,
          backoff,
        }),
      );
      const accepted = toPublicJob(
        {
          id: job.id as string,
          type,
          data,
          state: { at: 'waiting' },
          maxAttempts: settings.JOB_ATTEMPTS,
          attemptsMade: 0,
          createdAtMs: job.timestamp,
          startedAtMs: null,
          progress: null,
          worker: null,
        },
        { resultTtlSeconds: settings.RESULT_TTL_SECONDS, includeInput: false },
      );
      res
        .status(202)
        .set({ Location: accepted.urls.self, 'Cache-Control': 'no-store', ...pollHint(accepted) })
        .json(accepted);
    },
  };
}

function withModel(input: Submission['input'], defaultModel: string): JobData['input'] {
  return { ...input, model: input.model ?? defaultModel };
}

/** Ignoring the key would run a job twice for a client that trusts it. */
function idempotencyNotYet(): Problem {
  return new Problem(
    'invalid_request',
    'Idempotency-Key is not supported yet: send no such header.',
  );
}
