import type { Redis } from 'ioredis';
import { z } from 'zod';
import { jobSchema, jobStatusSchema, jobTypes, jobTypeSchema } from '@promptq/shared/contracts';
import { jobTypeOf } from '@promptq/shared/jobs';
import type { RedisKeys } from '@promptq/shared/redis';
import { callerOf } from '../auth/authorize.ts';
import type { ListCursors } from '../cursors/list-cursors.ts';
import { isCursor } from '../cursors/seal.ts';
import { fromRedis } from '../problems/store-unavailable.ts';
import { limitSchema, momentSchema, pageSchemaOf } from '../http/page.ts';
import { parseQuery } from '../http/parse.ts';
import { openApiResponses, plainHeaders } from '../docs/responses.ts';
import type { Route } from '../http/route.ts';
import type { ApiSettings } from '../settings.ts';
import { findJobs } from './find-jobs.ts';

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
    // An id is never looked up, only its time counts: that of a foreign job tells no more than one that is made up.
    .refine((after) => isCursor(after) || jobTypeOf(after) !== null, {
      error: 'Must be the `last_id` of a page, or the id of a job.',
    })
    .optional()
    .meta({
      description: 'The `last_id` of the page before, or the id of a job, which may be gone.',
    }),
});

const pageSchema = pageSchemaOf(jobSchema, 'JobList');

interface Deps {
  redis: Redis;
  keys: RedisKeys;
  cursors: ListCursors;
  settings: Pick<ApiSettings, 'RESULT_TTL_SECONDS'>;
}

/** `GET /v1/jobs`: jobs, newest first. */
export function listJobs({ redis, keys, cursors, settings }: Deps): Route {
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
      const query = parseQuery(listQuerySchema, req);
      const caller = callerOf(req);
      const scope = { list: 'jobs', tenant: caller.tenant } as const;
      const disconnected = new AbortController();
      res.once('close', () => disconnected.abort());
      const after = (await cursors.open(scope, query.after)) ?? query.after;
      const { RESULT_TTL_SECONDS: resultTtlSeconds } = settings;
      const deps = { redis, keys, resultTtlSeconds, tenant: caller.tenant };
      const { jobs, hasMore, lastId } = await fromRedis(
        findJobs(deps, { ...query, after }, disconnected.signal),
      );
      // Of a job that is not on the page it is not known whose it is; without keys all are of one tenant.
      const isCallersOwn = caller.keyId === null || lastId === jobs.at(-1)?.id;
      const end = lastId === null ? null : { id: lastId, position: lastId, isCallersOwn };
      const page: z.infer<typeof pageSchema> = {
        object: 'list',
        data: jobs,
        has_more: hasMore,
        first_id: jobs.at(0)?.id ?? null,
        last_id: await cursors.lastIdOf(scope, end),
      };
      res.set('Cache-Control', 'no-store').json(page);
    },
  };
}
