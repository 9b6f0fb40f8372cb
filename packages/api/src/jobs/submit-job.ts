import type { Response } from 'express';
import { isTerminal, jobSchema, submissionSchema, type PublicJob } from '@promptq/shared/contracts';
import { callerOf } from '../auth/authorize.ts';
import { checkWebhook, type WebhookPolicy } from '../deliveries/check-target.ts';
import { openApiResponses, replayedHeaders } from '../docs/responses.ts';
import { parseBody } from '../http/parse.ts';
import type { Route } from '../http/route.ts';
import { sendJson } from '../http/send-json.ts';
import {
  fingerprintOf,
  idempotencyKeyOf,
  keyHeaderSchema,
  scopeOf,
} from '../idempotency/idempotency-key.ts';
import { replayCheck } from '../idempotency/replay-check.ts';
import type { JobSubscriptions } from '../waiting/subscription.ts';
import { waitAfterSubmission } from '../waiting/wait-after-submission.ts';
import {
  preferHeaderSchema,
  readWaitPreference,
  waitedHeaders,
} from '../waiting/wait-preference.ts';
import { acceptJob, type AcceptJobDeps } from './accept-job.ts';
import { requireJob } from '../problems/require-job.ts';
import type { PollHint } from './poll-hint.ts';
import { toJobSpec, type JobDefaults } from './to-job-spec.ts';

interface Deps extends AcceptJobDeps {
  subscriptions: JobSubscriptions;
  settings: JobDefaults & AcceptJobDeps['settings'];
  pollHint: PollHint;
  webhooks: WebhookPolicy;
}

/**
 * `POST /v1/jobs`: accepts a job. The job is in Redis before the response is sent. Without a wait, this is at most two
 * round trips.
 */
export function submitJob(deps: Deps): Route {
  const { store, subscriptions, settings, pollHint, webhooks } = deps;
  return {
    method: 'post',
    path: '/v1/jobs',
    scope: 'jobs',
    operation: {
      operationId: 'submitJob',
      summary: 'Submit a job',
      tags: ['jobs'],
      requestParams: { header: preferHeaderSchema.extend(keyHeaderSchema.shape) },
      requestBody: {
        required: true,
        content: { 'application/json': { schema: submissionSchema } },
      },
      responses: openApiResponses(
        {
          200: {
            description:
              'The job is accepted and has ended, either within the wait or, for a repeated key, before.',
            headers: replayedHeaders.extend(waitedHeaders),
            content: { 'application/json': { schema: jobSchema } },
          },
          202: {
            description: 'The job is accepted.',
            headers: replayedHeaders.extend(waitedHeaders),
            content: { 'application/json': { schema: jobSchema } },
          },
        },
        [400, 403, 413, 415, 422, 503],
      ),
    },
    handle: async (req, res) => {
      const { tenant } = callerOf(req);
      const key = idempotencyKeyOf(req);
      const seconds = readWaitPreference(req);
      const submission = parseBody(submissionSchema, req);
      const scope = key === undefined ? null : scopeOf('job', tenant, key);
      const isReplayed = replayCheck(store, req, scope);
      // The webhook of a job that was accepted before is not checked again.
      if (submission.webhook && !(await isReplayed()))
        await checkWebhook(webhooks, submission.webhook, tenant);
      const { job, isReplay } = await acceptJob(
        deps,
        toJobSpec(submission, settings, tenant, webhooks.secrets),
        scope === null ? null : { scope, fingerprint: fingerprintOf(submission) },
      );
      if (isReplay) res.set('Idempotency-Replayed', 'true');
      const resultTtlSeconds = settings.RESULT_TTL_SECONDS;
      const read = async () => requireJob(await store.jobs.find(job.id, tenant));
      const submitted = { subscriptions, accepted: job, seconds, read, resultTtlSeconds, res };
      const waited = await waitAfterSubmission(submitted);
      if (waited) sendAccepted(res, waited.job, pollHint, waited.headers);
    },
  };
}

/**
 * Sends 202 with the job, its location and the poll hint; 200 if the job has ended, after a wait or because it is a
 * replay.
 */
export function sendAccepted(
  res: Response,
  job: PublicJob,
  pollHint: PollHint,
  headers: Record<string, string> = {},
): void {
  const status = isTerminal(job.status) ? 200 : 202;
  const where = { Location: job.urls.self, 'Cache-Control': 'no-store' };
  sendJson(res, status, job, { ...where, ...pollHint(job), ...headers });
}
