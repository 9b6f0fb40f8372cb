import { callerOf } from '../auth/authorize.ts';
import { answersWith } from '../http/responses.ts';
import type { Route } from '../http/route.ts';
import { batchAnswer, batchPathSchema, sendBatch } from './batch-answers.ts';
import { findBatch, type BatchNeeds } from './find-batch.ts';

/** `GET /v1/batches/{id}`: the batch with its counts as they are now. */
export function getBatch(needs: BatchNeeds): Route {
  return {
    method: 'get',
    path: '/v1/batches/{id}',
    scope: 'jobs',
    operation: {
      operationId: 'getBatch',
      summary: 'Poll a batch',
      tags: ['batches'],
      requestParams: { path: batchPathSchema },
      responses: answersWith({ 200: batchAnswer('The batch.') }, [404, 503]),
    },
    handle: async (req, res) => {
      const { id } = batchPathSchema.parse(req.params);
      const { tenant } = callerOf(req);
      sendBatch(res, await findBatch(needs, id, tenant));
    },
  };
}
