import { z } from 'zod';
import { jobSchema } from '@promptq/shared/contracts';
import { toPublicJob } from '@promptq/shared/queues';
import { parseQuery } from '../http/parse.ts';
import { callerOf } from '../auth/authorize.ts';
import { answersWith, jobHeaders } from '../http/responses.ts';
import type { Route } from '../http/route.ts';
import { findJob } from './find-job.ts';
import { jobPathSchema, type JobRouteNeeds } from './job-route.ts';

const querySchema = z.strictObject({
  include: z.enum(['input']).optional().meta({ description: 'Adds the `input` to the job.' }),
});

/** `GET /v1/jobs/{id}`: the job, whatever its status. */
export function getJob({
  redis,
  keys,
  settings,
  pollHint,
}: Omit<JobRouteNeeds, 'queues' | 'fairShare'>): Route {
  return {
    method: 'get',
    path: '/v1/jobs/{id}',
    scope: 'jobs',
    operation: {
      operationId: 'getJob',
      summary: 'Poll a job',
      tags: ['jobs'],
      requestParams: { path: jobPathSchema, query: querySchema },
      responses: answersWith(
        {
          200: {
            description: 'The job.',
            headers: jobHeaders,
            content: { 'application/json': { schema: jobSchema } },
          },
        },
        [400, 404, 503],
      ),
    },
    handle: async (req, res) => {
      const { id } = jobPathSchema.parse(req.params);
      const { tenant } = callerOf(req);
      const { include } = parseQuery(querySchema, req);
      const record = await findJob(redis, keys, id, settings.RESULT_TTL_SECONDS, tenant);
      const job = toPublicJob(record, {
        resultTtlSeconds: settings.RESULT_TTL_SECONDS,
        includeInput: include === 'input',
        nowMs: Date.now(),
      });
      res.set({ 'Cache-Control': 'no-store', ...pollHint(job) }).json(job);
    },
  };
}
