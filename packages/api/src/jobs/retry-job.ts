import { jobSchema } from '@promptq/shared/contracts';
import { statusOf } from '@promptq/shared/jobs';
import { callerOf } from '../auth/authorize.ts';
import { checkWebhook, type WebhookPolicy } from '../deliveries/check-target.ts';
import { openApiResponses, acceptedHeaders } from '../docs/responses.ts';
import type { Route } from '../http/route.ts';
import { Problem } from '../problems/problem.ts';
import { acceptJob, type AcceptJobDeps } from './accept-job.ts';
import { jobPathSchema } from './job-path.ts';
import { requireJob } from '../problems/require-job.ts';
import type { PollHint } from './poll-hint.ts';
import { sendAccepted } from './submit-job.ts';

/** The new job is not cancelled, has no Idempotency-Key and is in no batch. */
const notInherited = { cancel_requested_at: null, idempotency: null, custom_id: null };

const retryable = new Set(['failed', 'cancelled', 'expired']);

interface Deps extends AcceptJobDeps {
  pollHint: PollHint;
  webhooks: WebhookPolicy;
}

/**
 * `POST /v1/jobs/{id}/retry`: adds a new job with the input and the options of a job that did not complete. The new job
 * has no delay.
 */
export function retryJob(deps: Deps): Route {
  const { store, pollHint, webhooks } = deps;
  return {
    method: 'post',
    path: '/v1/jobs/{id}/retry',
    scope: 'jobs',
    hasBody: false,
    operation: {
      operationId: 'retryJob',
      summary: 'Retry a failed, cancelled or expired job as a new job',
      tags: ['jobs'],
      requestParams: { path: jobPathSchema },
      responses: openApiResponses(
        {
          202: {
            description: 'The new job is accepted. `retry_of` is the id of the first job.',
            headers: acceptedHeaders,
            content: { 'application/json': { schema: jobSchema } },
          },
        },
        [400, 403, 404, 409, 503],
      ),
    },
    handle: async (req, res) => {
      const { id } = jobPathSchema.parse(req.params);
      const { tenant } = callerOf(req);
      const record = requireJob(await store.jobs.find(id, tenant));
      const { status } = statusOf(record);
      if (!retryable.has(status)) {
        throw new Problem(
          'job_not_retryable',
          `This job is ${status}. Only failed, cancelled and expired jobs can be retried.`,
          { headers: { 'X-Should-Retry': 'false' } },
        );
      }
      const { webhook } = record.data;
      if (webhook) await checkWebhook(webhooks, webhook, tenant);
      const own_secret = webhook !== null && webhooks.secrets.hasOwn(tenant);
      const { job } = await acceptJob(deps, {
        type: record.type,
        data: { ...record.data, ...notInherited, own_secret, retry_of: id },
        maxAttempts: record.maxAttempts,
        delaySeconds: 0,
      });
      sendAccepted(res, job, pollHint);
    },
  };
}
