import type { LastScanned, Store } from '@promptq/store';
import { invalid } from '../http/parse.ts';
import { isCursor, seal, unseal } from './seal.ts';

/** The cursors of audit lists. They are sealed, because the audit events of all tenants are in one stream. */
export interface AuditCursors {
  /**
   * The `last_id` of a page: the id of its last event if the caller may know it, otherwise its sealed position.
   * @param end `null` when no event was scanned
   */
  lastIdOf(tenant: string, end: LastScanned | null): Promise<string | null>;
  /**
   * The position in `after`; `null` when `after` is an id or absent.
   * @throws {Problem} `invalid_request` when it is a cursor of another tenant, or its key no longer exists
   */
  open(tenant: string, after: string | undefined): Promise<string | null>;
}

const invalidCursor =
  'This cursor does not belong to this list, or is no longer valid. Start again without `after`.';

/**
 * A page may end at an event that matches no filter, usually one of another tenant. The id of that event contains a
 * job's id, with its time and its batch, so the caller gets the position as a sealed cursor instead.
 */
export function auditCursors({ audit }: Pick<Store, 'audit'>): AuditCursors {
  return {
    lastIdOf: async (tenant, end) => {
      if (end === null || end.isCallersOwn) return end?.id ?? null;
      return seal(await audit.ensureCursorKey(), end.position, tenant);
    },
    open: async (tenant, after) => {
      if (after === undefined || !isCursor(after)) return null;
      const key = await audit.readCursorKey();
      const position = key && unseal(key, after, tenant);
      if (position === null) throw invalid([{ pointer: '/after', detail: invalidCursor }]);
      return position;
    },
  };
}
