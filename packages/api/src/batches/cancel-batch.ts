import { luaScript } from '@promptq/shared/redis';
import { fromRedis } from '../http/from-redis.ts';
import { callerOf } from '../auth/authorize.ts';
import { openApiResponses } from '../http/responses.ts';
import type { Route } from '../http/route.ts';
import { batchResponse, batchPathSchema, sendBatch } from './batch-answers.ts';
import { findBatch, type BatchDeps } from './find-batch.ts';

/** Only the wish is written: the worker whose turn it is tells the jobs, so that nothing is left half done. */
const cancelScript = luaScript(
  'promptqCancelBatch',
  `
if redis.call('EXISTS', KEYS[1]) == 0 or redis.call('HEXISTS', KEYS[1], 'finished_at') == 1 then return 0 end
return redis.call('HSETNX', KEYS[1], 'cancel_requested_at', ARGV[1])
`,
);

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
