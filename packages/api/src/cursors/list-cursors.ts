import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { RedisKeys } from '@promptq/shared/redis';
import { fromRedis } from '../problems/store-unavailable.ts';
import { invalid } from '../http/parse.ts';
import { isCursor, keyBytes, seal, unseal, type CursorScope } from './seal.ts';

/** Where a page ends. */
export interface PageEnd {
  /** The entry that was looked at last. */
  id: string;
  /** Where it is in the list, to go on from. */
  position: string;
  /** Whether the caller may know the id. */
  isCallersOwn: boolean;
}

/** The cursors of lists in which the entries of all tenants stand in one order. */
export interface ListCursors {
  /**
   * What a page says as `last_id`: the id itself where the caller may know it, else the position, sealed.
   * @param end `null` when nothing was looked at
   * @throws {Problem} `redis_unavailable`
   */
  lastIdOf(scope: CursorScope, end: PageEnd | null): Promise<string | null>;
  /**
   * The position in an `after`; `null` when it is an id.
   * @throws {Problem} `invalid_request` when it is a cursor that was not made for this list and tenant, or whose key is
   * gone; `redis_unavailable`
   */
  open(scope: CursorScope, after: string | undefined): Promise<string | null>;
}

const refusal =
  'This cursor does not belong to this list, or is no longer valid. Start again without `after`.';

/**
 * A page that ends at its budget ends at whatever entry was looked at last, which is most often another tenant's: its id
 * tells of a job, its time and its batch, and is no cursor where foreign ids are refused.
 *
 * All APIs share one key, which the first to need it makes. It is read each time and not kept: that is one command
 * after the hundred that such a page takes, and when Redis was emptied, no process goes on with a key that others do not
 * know. Reading writes nothing, so lists go on while Redis is full.
 */
export function listCursors(redis: Redis, keys: RedisKeys): ListCursors {
  const read = async () => {
    const key = await redis.getBuffer(keys.cursorKey);
    if (key === null || key.length === keyBytes) return key;
    throw new RangeError(
      `${keys.cursorKey} in Redis must have ${keyBytes} bytes: delete it, and a new one is made`,
    );
  };
  const readOrMake = async () => {
    const known = await read();
    if (known) return known;
    await redis.set(keys.cursorKey, randomBytes(keyBytes), 'NX');
    const made = await read();
    if (made) return made;
    throw new Error('Redis was emptied in between');
  };
  return {
    lastIdOf: async (scope, end) => {
      if (end === null || end.isCallersOwn) return end?.id ?? null;
      return seal(await fromRedis(readOrMake()), end.position, scope);
    },
    open: async (scope, after) => {
      if (after === undefined || !isCursor(after)) return null;
      const key = await fromRedis(read());
      const position = key && unseal(key, after, scope);
      if (position === null) throw invalid([{ pointer: '/after', detail: refusal }]);
      return position;
    },
  };
}
