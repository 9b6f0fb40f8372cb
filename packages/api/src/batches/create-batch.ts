import { z } from 'zod';
import { batchRequestSchema, batchSubmissionSchema, jobTypes } from '@promptq/shared/contracts';
import { callerOf } from '../auth/authorize.ts';
import { openApiResponses } from '../docs/responses.ts';
import type { Route } from '../http/route.ts';
import { checkWebhook, type WebhookPolicy } from '../deliveries/check-target.ts';
import {
  canonicalJson,
  idempotencyKeyOf,
  keyHeaderSchema,
  keyReused,
  scopeOf,
} from '../idempotency/idempotency-key.ts';
import { replayCheck } from '../idempotency/replay-check.ts';
import type { SubmissionMetrics } from '../metrics/submission-metrics.ts';
import type { JobDefaults } from '../jobs/to-job-spec.ts';
import { batchResponse, hasEnded, sendBatch } from './batch-response.ts';
import { batchBodyOf, batchQuerySchema, readBatchBody } from './batch-body.ts';
import { findBatch, type BatchDeps } from './find-batch.ts';
import { stageRequests } from './stage-requests.ts';

const createdHeaders = z.object({
  Location: z.string().meta({ description: 'The URL to poll.' }),
  'Idempotency-Replayed': z.literal('true').optional(),
});

interface Deps extends BatchDeps {
  settings: JobDefaults;
  webhooks: WebhookPolicy;
  submitted: SubmissionMetrics['submitted'];
}

/** `POST /v1/batches`: accepts many jobs at once, either all of them or none. */
export function createBatch(deps: Deps): Route {
  const { store, webhooks } = deps;
  return {
    method: 'post',
    path: '/v1/batches',
    scope: 'jobs',
    readBody: readBatchBody,
    operation: {
      operationId: 'createBatch',
      summary: 'Submit many jobs at once',
      description:
        'Either one JSON document with at most 1,000 requests and 16 MiB, or JSON lines with at most 50,000 requests, 1 MiB per line and 100 MiB in total.',
      tags: ['batches'],
      requestParams: { header: keyHeaderSchema, query: batchQuerySchema },
      requestBody: {
        required: true,
        content: {
          'application/json': {
            schema: batchSubmissionSchema.extend({
              requests: z.array(batchRequestSchema).min(1).max(1_000),
            }),
          },
          'application/jsonl': { schema: batchRequestSchema },
        },
      },
      responses: openApiResponses(
        {
          202: batchResponse('The batch is accepted.', createdHeaders),
          200: batchResponse('The batch was accepted before, and has ended.', createdHeaders),
        },
        [400, 403, 413, 415, 422, 503],
      ),
    },
    handle: async (req, res) => {
      // A body that is rejected early is still read to its end, so that the client receives the response.
      res.once('finish', () => req.resume());
      const { tenant } = callerOf(req);
      const key = idempotencyKeyOf(req);
      const scope = key === undefined ? null : scopeOf('batch', tenant, key);
      const isReplayed = replayCheck(store, req, scope);
      const { requests, metadata, webhookUrl } = batchBodyOf(req);
      // The webhook of a batch that was accepted before is not checked again.
      if (webhookUrl !== null && !(await isReplayed()))
        await checkWebhook(webhooks, { url: webhookUrl }, tenant);
      const staged = await stageRequests(deps, requests, { tenant, isReplayed });
      const { uploadId, total } = staged;
      const whole = canonicalJson(webhookUrl === null ? metadata : { metadata, webhookUrl });
      const fingerprint = staged.digest.update(whole).digest('hex');
      const ownSecret = webhooks.secrets.hasOwn(tenant);
      const { id, ...created } = await store.batches.create(
        { uploadId, total, tenant, metadata, webhookUrl, ownSecret },
        scope === null ? null : { scope, fingerprint },
      );
      const isReplay = created.kind === 'replayed';
      if (isReplay && created.fingerprint !== fingerprint) throw keyReused();
      if (!isReplay) for (const type of jobTypes) deps.submitted(type, staged.counts[type]);
      const batch = await findBatch(deps, id, tenant);
      if (isReplay) res.set('Idempotency-Replayed', 'true');
      sendBatch(res.status(hasEnded(batch) ? 200 : 202).set('Location', batch.urls.self), batch);
    },
  };
}
