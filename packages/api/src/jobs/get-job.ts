import { z } from 'zod';
import { jobSchema } from '@promptq/shared/contracts';
import { toPublicJob } from '@promptq/shared/jobs';
import type { Store } from '@promptq/store';
import { callerOf } from '../auth/authorize.ts';
import { openApiResponses, jobHeaders } from '../docs/responses.ts';
import { parseQuery } from '../http/parse.ts';
import type { Route } from '../http/route.ts';
import { sendJson } from '../http/send-json.ts';
import type { ApiSettings } from '../settings.ts';
import type { JobSubscriptions } from '../waiting/subscription.ts';
import { waitForEnd } from '../waiting/wait-for-end.ts';
import {
  preferenceApplied,
  preferHeaderSchema,
  readWaitPreference,
  waitedHeaders,
  waitSchema,
} from '../waiting/wait-preference.ts';
import { jobPathSchema } from './job-path.ts';
import { requireJob } from '../problems/require-job.ts';
import type { PollHint } from './poll-hint.ts';

const querySchema = z.strictObject({
  include: z.enum(['input']).optional().meta({ description: 'Adds the `input` to the job.' }),
  wait: waitSchema.optional(),
});

interface Deps {
  store: Store;
  subscriptions: JobSubscriptions;
  settings: Pick<ApiSettings, 'RESULT_TTL_SECONDS'>;
  pollHint: PollHint;
}

/**
 * `GET /v1/jobs/{id}`: the job in any status. With a wait, the response comes when the job has ended or the wait is
 * over.
 */
export function getJob({ store, subscriptions, settings, pollHint }: Deps): Route {
  return {
    method: 'get',
    path: '/v1/jobs/{id}',
    scope: 'jobs',
    operation: {
      operationId: 'getJob',
      summary: 'Poll a job',
      tags: ['jobs'],
      requestParams: { path: jobPathSchema, query: querySchema, header: preferHeaderSchema },
      responses: openApiResponses(
        {
          200: {
            description: 'The job.',
            headers: jobHeaders.extend(waitedHeaders),
            content: { 'application/json': { schema: jobSchema } },
          },
        },
        [400, 404, 503],
      ),
    },
    handle: async (req, res) => {
      const { id } = jobPathSchema.parse(req.params);
      const { tenant } = callerOf(req);
      const preferred = readWaitPreference(req);
      const { include, wait: seconds = preferred } = parseQuery(querySchema, req);
      const read = async () => requireJob(await store.jobs.find(id, tenant));
      const waited = await waitForEnd({
        subscriptions,
        jobId: id,
        seconds: seconds ?? 0,
        read,
        res,
      });
      if (!waited) return;
      const job = toPublicJob(waited.record, {
        resultTtlSeconds: settings.RESULT_TTL_SECONDS,
        includeInput: include === 'input',
      });
      const applied = seconds !== null && waited.isHonoured ? preferenceApplied(seconds) : {};
      sendJson(res, 200, job, { 'Cache-Control': 'no-store', ...pollHint(job), ...applied });
    },
  };
}
