import { jobSchema } from '@promptq/shared/contracts';
import { requestCancel } from '@promptq/shared/queues';
import { toPublicJob } from '@promptq/shared/jobs';
import { callerOf } from '../auth/authorize.ts';
import { fromRedis } from '../problems/store-unavailable.ts';
import { openApiResponses, jobHeaders } from '../docs/responses.ts';
import type { Route } from '../http/route.ts';
import { findJob } from './find-job.ts';
import { jobPathSchema, type JobRouteDeps } from './job-path.ts';

/**
 * `POST /v1/jobs/{id}/cancel`: asks for the end of a job and answers with the job. Idempotent; a finished job
 * is answered as it is. A queued one is cancelled with the answer, a running one a moment later.
 */
export function cancelJob({ redis, keys, queues, settings, pollHint }: JobRouteDeps): Route {
  return {
    method: 'post',
    path: '/v1/jobs/{id}/cancel',
    scope: 'jobs',
    hasBody: false,
    operation: {
      operationId: 'cancelJob',
      summary: 'Cancel a job',
      tags: ['jobs'],
      requestParams: { path: jobPathSchema },
      responses: openApiResponses(
        {
          200: {
            description: 'The job.',
            headers: jobHeaders,
            content: { 'application/json': { schema: jobSchema } },
          },
        },
        [404, 503],
      ),
    },
    handle: async (req, res) => {
      const { id } = jobPathSchema.parse(req.params);
      const { tenant } = callerOf(req);
      const find = () => findJob(redis, keys, id, settings.RESULT_TTL_SECONDS, tenant);
      const { type } = await find();
      await fromRedis(requestCancel(redis, keys, queues[type], id));
      const record = await find();
      const job = toPublicJob(record, {
        resultTtlSeconds: settings.RESULT_TTL_SECONDS,
        includeInput: false,
        nowMs: Date.now(),
      });
      res.set({ 'Cache-Control': 'no-store', ...pollHint(job) }).json(job);
    },
  };
}
