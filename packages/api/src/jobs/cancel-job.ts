import { jobSchema } from '@promptq/shared/contracts';
import { toPublicJob } from '@promptq/shared/jobs';
import type { Store } from '@promptq/store';
import { callerOf } from '../auth/authorize.ts';
import { openApiResponses, jobHeaders } from '../docs/responses.ts';
import type { Route } from '../http/route.ts';
import type { ApiSettings } from '../settings.ts';
import { jobPathSchema } from './job-path.ts';
import { requireJob } from '../problems/require-job.ts';
import type { PollHint } from './poll-hint.ts';

interface Deps {
  store: Store;
  settings: Pick<ApiSettings, 'RESULT_TTL_SECONDS'>;
  pollHint: PollHint;
}

/**
 * `POST /v1/jobs/{id}/cancel`: cancels a job and returns it. Idempotent; a job that has ended does not change. A queued
 * job is cancelled before the response is sent, a running job a moment later.
 */
export function cancelJob({ store, settings, pollHint }: Deps): Route {
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
      const record = requireJob(await store.jobs.cancel(id, callerOf(req).tenant));
      const job = toPublicJob(record, {
        resultTtlSeconds: settings.RESULT_TTL_SECONDS,
        includeInput: false,
      });
      res.set({ 'Cache-Control': 'no-store', ...pollHint(job) }).json(job);
    },
  };
}
