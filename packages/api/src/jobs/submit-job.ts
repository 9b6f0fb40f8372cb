import type { Response } from 'express';
import {
  jobSchema,
  submissionSchema,
  type PublicJob,
  type Submission,
} from '@promptq/shared/contracts';
import type { JobData } from '@promptq/shared/queues';
import { callerOf } from '../auth/authorize.ts';
import { parseBody } from '../http/parse.ts';
import { answersWith, acceptedHeaders } from '../http/responses.ts';
import { Problem } from '../http/problem.ts';
import type { Route } from '../http/route.ts';
import type { ApiSettings } from '../settings.ts';
import { addJob, type AddNeeds } from './add-job.ts';
import type { PollHint } from './poll-hint.ts';

interface Needs extends AddNeeds {
  settings: Pick<
    ApiSettings,
    'DEFAULT_MODEL' | 'JOB_ATTEMPTS' | 'JOB_TIMEOUT_SECONDS' | 'RESULT_TTL_SECONDS'
  >;
  pollHint: PollHint;
}

/** `POST /v1/jobs`: accepts a job. It is in Redis when the answer is sent. */
export function submitJob({ settings, pollHint, ...needs }: Needs): Route {
  return {
    method: 'post',
    path: '/v1/jobs',
    scope: 'jobs',
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
            headers: acceptedHeaders,
            content: { 'application/json': { schema: jobSchema } },
          },
        },
        [400, 413, 415, 503],
      ),
    },
    handle: async (req, res) => {
      if (req.get('idempotency-key') !== undefined) throw idempotencyNotYet();
      const submission = parseBody(submissionSchema, req);
      const accepted = await addJob(
        needs,
        {
          type: submission.type,
          data: toData(submission, settings, callerOf(req).tenant),
          maxAttempts: submission.max_attempts ?? settings.JOB_ATTEMPTS,
          delaySeconds: submission.delay_seconds,
        },
        settings.RESULT_TTL_SECONDS,
      );
      sendAccepted(res, accepted, pollHint);
    },
  };
}

function toData(submission: Submission, settings: Needs['settings'], tenant: string): JobData {
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
    tenant,
  } as JobData; // TypeScript does not see that spreading a union gives a union.
}

/** 202 with the job, where to poll and when. */
export function sendAccepted(res: Response, job: PublicJob, pollHint: PollHint): void {
  res
    .status(202)
    .set({ Location: job.urls.self, 'Cache-Control': 'no-store', ...pollHint(job) })
    .json(job);
}

/** Ignoring the key would run a job twice for a client that trusts it. */
function idempotencyNotYet(): Problem {
  return new Problem(
    'invalid_request',
    'Idempotency-Key is not supported yet: send no such header.',
  );
}
