import type { Redis } from 'ioredis';
import { z } from 'zod';
import { auditEventSchema, jobTypeSchema } from '@promptq/shared/contracts';
import type { RedisKeys } from '@promptq/shared/redis';
import { callerOf } from '../auth/authorize.ts';
import type { Caller } from '../auth/keyring.ts';
import type { ListCursors } from '../cursors/list-cursors.ts';
import { fromRedis } from '../problems/store-unavailable.ts';
import { limitSchema, momentSchema, pageSchemaOf } from '../http/page.ts';
import { invalid, parseQuery } from '../http/parse.ts';
import { openApiResponses, plainHeaders } from '../docs/responses.ts';
import type { Route } from '../http/route.ts';
import { findAuditEvents } from './find-audit-events.ts';

/** The query of `GET /v1/audit`. */
const auditQuerySchema = z.strictObject({
  job_id: z.string().min(1).optional(),
  user_id: z.string().min(1).optional(),
  type: z
    .union([auditEventSchema.shape.type, jobTypeSchema], {
      error: 'Must be a type of event (job.completed, job.failed, ...) or of job (chat, analysis).',
    })
    .optional(),
  since: momentSchema.optional().meta({ description: 'Finished at this time or later.' }),
  until: momentSchema.optional().meta({ description: 'Finished at this time or earlier.' }),
  limit: limitSchema,
  after: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'The `last_id` of the page before, or the id of an event.' }),
});

const pageSchema = pageSchemaOf(auditEventSchema, 'AuditEventList');

interface Deps {
  redis: Redis;
  keys: RedisKeys;
  cursors: ListCursors;
}

/** `GET /v1/audit`: audit events, newest first. */
export function listAuditEvents({ redis, keys, cursors }: Deps): Route {
  return {
    method: 'get',
    path: '/v1/audit',
    scope: 'audit',
    operation: {
      operationId: 'listAuditEvents',
      summary: 'List audit events, newest first',
      tags: ['audit'],
      requestParams: { query: auditQuerySchema },
      responses: openApiResponses(
        {
          200: {
            description: 'A page of audit events.',
            headers: plainHeaders,
            content: { 'application/json': { schema: pageSchema } },
          },
        },
        [400, 503],
      ),
    },
    handle: async (req, res) => {
      const query = parseQuery(auditQuerySchema, req);
      const caller = callerOf(req);
      const scope = { list: 'audit', tenant: caller.tenant } as const;
      const disconnected = new AbortController();
      res.once('close', () => disconnected.abort());
      const entryId = await cursors.open(scope, query.after);
      const found = await fromRedis(
        findAuditEvents(
          { redis, keys, tenant: tenantFilter(caller) },
          query,
          entryId,
          disconnected.signal,
        ),
      );
      if (!found) {
        throw invalid([{ pointer: '/after', detail: 'There is no such audit event.' }]);
      }
      const page: z.infer<typeof pageSchema> = {
        object: 'list',
        data: found.events,
        has_more: found.hasMore,
        first_id: found.events.at(0)?.id ?? null,
        last_id: await cursors.lastIdOf(scope, found.end),
      };
      res.set('Cache-Control', 'no-store').json(page);
    },
  };
}

/** Whose events a caller may read: `null` stands for those of all tenants. */
function tenantFilter({ tenant, scopes }: Caller): string | null {
  return scopes.includes('admin') ? null : tenant;
}
