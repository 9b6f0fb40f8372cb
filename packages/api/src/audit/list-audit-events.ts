import type { Redis } from 'ioredis';
import type { z } from 'zod';
import { auditEventSchema } from '@promptq/shared/contracts';
import type { RedisKeys } from '@promptq/shared/redis';
import { callerOf } from '../auth/authorize.ts';
import type { Caller } from '../auth/keyring.ts';
import type { ListCursors } from '../cursors/list-cursors.ts';
import { fromRedis } from '../http/from-redis.ts';
import { pageSchemaOf } from '../http/page-of.ts';
import { invalid, parseQuery } from '../http/parse.ts';
import { openApiResponses, plainHeaders } from '../http/responses.ts';
import type { Route } from '../http/route.ts';
import { auditQuerySchema } from './audit-query.ts';
import { findAuditEvents } from './find-audit-events.ts';

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
