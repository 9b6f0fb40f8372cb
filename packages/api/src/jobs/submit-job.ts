import type { Response } from 'express';
import {
  jobSchema,
  submissionSchema,
  type PublicJob,
  type Submission,
} from '@promptq/shared/contracts';
import type { JobData } from '@promptq/shared/queues';
import { parseBody } from '../http/parse.ts';
import { answersWith, acceptedHeaders } from '../http/responses.ts';
import { Problem } from '../http/problem.ts';
import type { Route } from '../http/route.ts';
import type { Live } from '../live/open-live.ts';
import { waitAfterSubmission } from '../live/wait-after-submission.ts';
import { preferHeaderSchema, readWaitPreference, waitedHeaders } from '../live/wait-preference.ts';
import type { ApiSettings } from '../settings.ts';
import { addJob, type JobQueues } from './add-job.ts';
import { checkWebhook, type WebhookPolicy } from './check-webhook.ts';
import { findJob } from './find-job.ts';
import type { JobRouteNeeds } from './job-route.ts';
import type { PollHint } from './poll-hint.ts';

interface Needs extends Pick<JobRouteNeeds, 'redis' | 'keys'> {
  live: Live;
  queues: JobQueues;
  settings: Pick<
    ApiSettings,
    'DEFAULT_MODEL' | 'JOB_ATTEMPTS' | 'JOB_TIMEOUT_SECONDS' | 'RESULT_TTL_SECONDS'
  >;
  pollHint: PollHint;
  webhooks: WebhookPolicy;
}

/** `POST /v1/jobs`: accepts a job. It is in Redis when the answer is sent. */
export function submitJob(needs: Needs): Route {
  const { redis, keys, live, queues, settings, pollHint, webhooks } = needs;
  return {
    method: 'post',
    path: '/v1/jobs',
    operation: {
      operationId: 'submitJob',
      summary: 'Submit a job',
      tags: ['jobs'],
      requestParams: { header: preferHeaderSchema },
      requestBody: {
        required: true,
        content: { 'application/json': { schema: submissionSchema } },
      },
      responses: answersWith(
        {
          200: {
            description: 'The job is accepted and has ended within the wait.',
            headers: acceptedHeaders.extend(waitedHeaders),
            content: { 'application/json': { schema: jobSchema } },
          },
          202: {
            description: 'The job is accepted.',
            headers: acceptedHeaders.extend(waitedHeaders),
            content: { 'application/json': { schema: jobSchema } },
          },
        },
        [400, 403, 413, 415, 503],
      ),
    },
    handle: async (req, res) => {
      if (req.get('idempotency-key') !== undefined) throw idempotencyNotYet();
      const seconds = readWaitPreference(req);
      const submission = parseBody(submissionSchema, req);
      if (submission.webhook) await checkWebhook(webhooks, submission.webhook);
      const accepted = await addJob(
        queues,
        {
          type: submission.type,
          data: toData(submission, settings),
          maxAttempts: submission.max_attempts ?? settings.JOB_ATTEMPTS,
          delaySeconds: submission.delay_seconds,
        },
        settings.RESULT_TTL_SECONDS,
      );
      const resultTtlSeconds = settings.RESULT_TTL_SECONDS;
      const read = () => findJob(redis, keys, accepted.id, resultTtlSeconds);
      const answer = { live, accepted, seconds, read, resultTtlSeconds, res };
      const waited = await waitAfterSubmission(answer);
      if (waited) sendAccepted(res, waited.job, pollHint, waited);
    },
  };
}

function toData(submission: Submission, settings: Needs['settings']): JobData {
  const { input, user_id, metadata, priority, start_within_seconds } = submission;
  return {
    input: { ...input, model: input.model ?? settings.DEFAULT_MODEL },
    user_id,
    metadata,
    priority,
    start_within_seconds,
    timeout_seconds: submission.timeout_seconds ?? settings.JOB_TIMEOUT_SECONDS,
    cancel_requested_at: null,
    retry_of: null,
    webhook: submission.webhook ?? null,
  } as JobData; // TypeScript does not see that spreading a union gives a union.
}

/** 202, or 200 for one that was waited for, with the job, where to poll and when. */
export function sendAccepted(
  res: Response,
  job: PublicJob,
  pollHint: PollHint,
  more: { status?: 200 | 202; headers?: Record<string, string> } = {},
): void {
  const { status = 202, headers = {} } = more;
  res
    .status(status)
    .set({ Location: job.urls.self, 'Cache-Control': 'no-store', ...pollHint(job), ...headers })
    .json(job);
}

/** Ignoring the key would run a job twice for a client that trusts it. */
function idempotencyNotYet(): Problem {
  return new Problem(
    'invalid_request',
    'Idempotency-Key is not supported yet: send no such header.',
  );
}
