import { z } from 'zod';
import { jobSchema, jobStatusSchema, jobTypes, jobTypeSchema } from '@promptq/shared/contracts';
import { jobTypeOf, toPublicJob } from '@promptq/shared/jobs';
import type { Store } from '@promptq/store';
import { callerOf } from '../auth/authorize.ts';
import { openApiResponses, plainHeaders } from '../docs/responses.ts';
import { limitSchema, momentSchema, pageSchemaOf } from '../http/page.ts';
import { parseQuery } from '../http/parse.ts';
import type { Route } from '../http/route.ts';
import type { ApiSettings } from '../settings.ts';

/** The query of `GET /v1/jobs`. */
const listQuerySchema = z.strictObject({
  status: z
    .enum(jobStatusSchema.options, {
      error: `Must be one of ${jobStatusSchema.options.join(', ')}.`,
    })
    .optional(),
  type: z
    .enum(jobTypeSchema.options, { error: `Must be one of ${jobTypes.join(', ')}.` })
    .optional(),
  created_after: momentSchema.optional().meta({ description: 'Created at this time or later.' }),
  created_before: momentSchema.optional().meta({ description: 'Created before this time.' }),
  limit: limitSchema,
  after: z
    .string()
    // The job itself is never read, only the time in its id. So the id of another tenant's job reveals nothing.
    .refine((after) => jobTypeOf(after) !== null, {
      error: 'Must be the `last_id` of a page, or the id of a job.',
    })
    .optional()
    .meta({
      description:
        'The `last_id` of the previous page, or the id of a job, even if it is no longer kept.',
    }),
});

const pageSchema = pageSchemaOf(
  jobSchema,
  'JobList',
  'It is the id of the last job that was checked, which may not match the filters.',
);

interface Deps {
  store: Store;
  settings: Pick<ApiSettings, 'RESULT_TTL_SECONDS'>;
}

/** `GET /v1/jobs`: jobs, newest first. */
export function listJobs({ store, settings }: Deps): Route {
  return {
    method: 'get',
    path: '/v1/jobs',
    scope: 'jobs',
    operation: {
      operationId: 'listJobs',
      summary: 'List jobs, newest first',
      tags: ['jobs'],
      requestParams: { query: listQuerySchema },
      responses: openApiResponses(
        {
          200: {
            description: 'A page of jobs.',
            headers: plainHeaders,
            content: { 'application/json': { schema: pageSchema } },
          },
        },
        [400, 503],
      ),
    },
    handle: async (req, res) => {
      const { created_after, created_before, ...query } = parseQuery(listQuerySchema, req);
      const disconnected = new AbortController();
      res.once('close', () => disconnected.abort());
      const { jobs, hasMore, lastId } = await store.jobs.list(
        {
          ...query,
          tenant: callerOf(req).tenant,
          createdAfterMs: toMs(created_after),
          createdBeforeMs: toMs(created_before),
        },
        disconnected.signal,
      );
      const { RESULT_TTL_SECONDS: resultTtlSeconds } = settings;
      const page: z.infer<typeof pageSchema> = {
        object: 'list',
        data: jobs.map((job) => toPublicJob(job, { resultTtlSeconds, includeInput: false })),
        has_more: hasMore,
        first_id: jobs.at(0)?.id ?? null,
        last_id: lastId,
      };
      res.set('Cache-Control', 'no-store').json(page);
    },
  };
}

function toMs(moment: string | undefined): number | undefined {
  return moment === undefined ? undefined : Date.parse(moment);
}
