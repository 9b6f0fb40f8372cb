import { z } from 'zod';
import { batchRequestSchema, batchSubmissionSchema } from '@promptq/shared/contracts';
import { answersWith } from '../http/responses.ts';
import type { Route } from '../http/route.ts';
import {
  canonicalJson,
  idempotencyKeyOf,
  keyHeaderSchema,
  scopeOf,
} from '../jobs/idempotency-key.ts';
import { onlyTenant } from '../jobs/tenant.ts';
import type { JobDefaults } from '../jobs/wanted.ts';
import { addBatch } from './add-batch.ts';
import { batchAnswer, isEnded, sendBatch } from './batch-answers.ts';
import { batchBodyOf, readBatchBody } from './batch-body.ts';
import { findBatch, type BatchNeeds } from './find-batch.ts';
import { stageRequests } from './stage-requests.ts';

const createdHeaders = z.object({
  Location: z.string().meta({ description: 'Where to poll.' }),
  'Idempotency-Replayed': z.literal('true').optional(),
});

/** `POST /v1/batches`: accepts many jobs at once, all of them or none. */
export function createBatch(needs: BatchNeeds & { settings: JobDefaults }): Route {
  return {
    method: 'post',
    path: '/v1/batches',
    readBody: readBatchBody,
    operation: {
      operationId: 'createBatch',
      summary: 'Submit many jobs at once',
      description:
        'As one JSON document of at most 1,000 requests and 16 MiB, or as JSON lines of at most 50,000 requests, 1 MiB each and 100 MiB in all.',
      tags: ['batches'],
      requestParams: { header: keyHeaderSchema },
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
      responses: answersWith(
        {
          202: batchAnswer('The batch is accepted.', createdHeaders),
          200: batchAnswer('The batch was accepted before, and has ended.', createdHeaders),
        },
        [400, 413, 415, 422, 503],
      ),
    },
    handle: async (req, res) => {
      // What is refused in the middle is read to its end, so that the client hears why.
      res.once('finish', () => req.resume());
      const key = idempotencyKeyOf(req);
      const { requests, metadata } = batchBodyOf(req);
      const staged = await stageRequests(needs, requests);
      const fingerprint = staged.digest.update(canonicalJson(metadata)).digest('hex');
      const idempotency =
        key === undefined ? null : { scope: scopeOf('batch', onlyTenant, key), fingerprint };
      const { id, isReplay } = await addBatch(needs, staged, metadata, idempotency);
      const batch = await findBatch(needs, id);
      if (isReplay) res.set('Idempotency-Replayed', 'true');
      sendBatch(res.status(isEnded(batch) ? 200 : 202).set('Location', batch.urls.self), batch);
    },
  };
}
