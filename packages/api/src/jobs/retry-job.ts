import { jobSchema } from '@promptq/shared/contracts';
import { statusOf } from '@promptq/shared/jobs';
import { Problem } from '../problems/problem.ts';
import { callerOf } from '../auth/authorize.ts';
import { openApiResponses, acceptedHeaders } from '../docs/responses.ts';
import type { Route } from '../http/route.ts';
import { addJob, type AddDeps } from './add-job.ts';
import { checkWebhook, type WebhookPolicy } from '../deliveries/check-target.ts';
import { findJob } from './find-job.ts';
import { jobPathSchema, type JobRouteDeps } from './job-path.ts';
import { sendAccepted } from './submit-job.ts';

/** What the new job does not inherit: the cancellation, the Idempotency-Key and the batch. */
const notInherited = {
  cancel_requested_at: null,
  cancelled_before_start: false,
  idempotency: null,
  custom_id: null,
};

const retryable = new Set(['failed', 'cancelled', 'expired']);

/**
 * `POST /v1/jobs/{id}/retry`: a new job with the input and the options of one that has not completed; it
 * starts at once, whatever the delay of the first was.
 */
export function retryJob(deps: JobRouteDeps & AddDeps & { webhooks: WebhookPolicy }): Route {
  const { redis, keys, settings, pollHint, webhooks } = deps;
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
            description: 'The new job is accepted; `retry_of` names the first.',
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
      const record = await findJob(redis, keys, id, settings.RESULT_TTL_SECONDS, tenant);
      const { status } = statusOf(record, Date.now());
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
      const accepted = await addJob(deps, {
        type: record.type,
        data: { ...record.data, ...notInherited, own_secret, retry_of: id },
        maxAttempts: record.maxAttempts,
        delaySeconds: 0,
      });
      sendAccepted(res, accepted, pollHint);
    },
  };
}
