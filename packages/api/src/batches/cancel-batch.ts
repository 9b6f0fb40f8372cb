import { callerOf } from '../auth/authorize.ts';
import { openApiResponses } from '../docs/responses.ts';
import type { Route } from '../http/route.ts';
import { batchResponse, batchPathSchema, sendBatch } from './batch-response.ts';
import { publicBatch, type BatchDeps } from './find-batch.ts';

/**
 * `POST /v1/batches/{id}/cancel`: requests the cancellation of a batch and returns the batch. Idempotent; a batch that
 * has ended does not change. Requests that have not started never run, and running jobs are cancelled.
 */
export function cancelBatch({ store, settings }: BatchDeps): Route {
  return {
    method: 'post',
    path: '/v1/batches/{id}/cancel',
    scope: 'jobs',
    hasBody: false,
    operation: {
      operationId: 'cancelBatch',
      summary: 'Cancel a batch',
      tags: ['batches'],
      requestParams: { path: batchPathSchema },
      responses: openApiResponses({ 200: batchResponse('The batch.') }, [404, 503]),
    },
    handle: async (req, res) => {
      const { id } = batchPathSchema.parse(req.params);
      const { tenant } = callerOf(req);
      sendBatch(res, publicBatch(await store.batches.cancel(id, tenant), settings));
    },
  };
}
