import { fromRedis } from '../problems/store-unavailable.ts';
import { callerOf } from '../auth/authorize.ts';
import { openApiResponses } from '../docs/responses.ts';
import type { Route } from '../http/route.ts';
import { batchResponse, batchPathSchema, sendBatch } from './batch-response.ts';
import { cancelScript } from './cancel-script.ts';
import { findBatch, type BatchDeps } from './find-batch.ts';

/**
 * `POST /v1/batches/{id}/cancel`: asks for the end of a batch and answers with it. Idempotent; a batch that has ended
 * is answered as it is. What has not started is cancelled without being run, what runs is cancelled as a job is.
 */
export function cancelBatch(deps: BatchDeps): Route {
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
      const { redis, keys } = deps;
      await findBatch(deps, id, tenant);
      await fromRedis(cancelScript(redis, [keys.batch(id)], [Date.now()]));
      sendBatch(res, await findBatch(deps, id, tenant));
    },
  };
}
