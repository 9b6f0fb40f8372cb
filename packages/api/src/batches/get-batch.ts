import { callerOf } from '../auth/authorize.ts';
import { openApiResponses } from '../docs/responses.ts';
import type { Route } from '../http/route.ts';
import { batchResponse, batchPathSchema, sendBatch } from './batch-response.ts';
import { findBatch, type BatchDeps } from './find-batch.ts';

/** `GET /v1/batches/{id}`: the batch with its current counts. */
export function getBatch(deps: BatchDeps): Route {
  return {
    method: 'get',
    path: '/v1/batches/{id}',
    scope: 'jobs',
    operation: {
      operationId: 'getBatch',
      summary: 'Poll a batch',
      tags: ['batches'],
      requestParams: { path: batchPathSchema },
      responses: openApiResponses({ 200: batchResponse('The batch.') }, [404, 503]),
    },
    handle: async (req, res) => {
      const { id } = batchPathSchema.parse(req.params);
      const { tenant } = callerOf(req);
      sendBatch(res, await findBatch(deps, id, tenant));
    },
  };
}
