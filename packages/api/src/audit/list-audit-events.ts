import { z } from 'zod';
import { auditEventSchema, jobTypeSchema } from '@promptq/shared/contracts';
import type { Store } from '@promptq/store';
import { callerOf } from '../auth/authorize.ts';
import type { Caller } from '../auth/keyring.ts';
import { auditCursors } from '../cursors/audit-cursors.ts';
import { openApiResponses, plainHeaders } from '../docs/responses.ts';
import { limitSchema, momentSchema, pageSchemaOf } from '../http/page.ts';
import { invalid, parseQuery } from '../http/parse.ts';
import type { Route } from '../http/route.ts';

/** The query of `GET /v1/audit`. */
const auditQuerySchema = z.strictObject({
  job_id: z.string().min(1).optional(),
  user_id: z.string().min(1).optional(),
  type: z
    .union([auditEventSchema.shape.type, jobTypeSchema], {
      error:
        'Must be an event type (job.completed, job.failed, ...) or a job type (chat, analysis).',
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

const pageSchema = pageSchemaOf(
  auditEventSchema,
  'AuditEventList',
  'It is the id of an event, or a cursor (`after_...`) that is valid only for this tenant and this list.',
);

/** `GET /v1/audit`: audit events, newest first. */
export function listAuditEvents({ store }: { store: Store }): Route {
  const cursors = auditCursors(store);
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
      const disconnected = new AbortController();
      res.once('close', () => disconnected.abort());
      const found = await store.audit.find(query, {
        tenant: tenantFilter(caller),
        afterEntry: await cursors.open(caller.tenant, query.after),
        signal: disconnected.signal,
      });
      if (!found) {
        throw invalid([{ pointer: '/after', detail: 'There is no such audit event.' }]);
      }
      const page: z.infer<typeof pageSchema> = {
        object: 'list',
        data: found.events,
        has_more: found.hasMore,
        first_id: found.events.at(0)?.id ?? null,
        last_id: await cursors.lastIdOf(caller.tenant, found.end),
      };
      res.set('Cache-Control', 'no-store').json(page);
    },
  };
}

/** The tenant whose events a caller may read; `null`: all tenants. */
function tenantFilter({ tenant, scopes }: Caller): string | null {
  return scopes.includes('admin') ? null : tenant;
}
