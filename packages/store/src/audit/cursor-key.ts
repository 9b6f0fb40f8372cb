import { randomBytes } from 'node:crypto';
import type { StoreContext } from '../context.ts';

const keyBytes = 32;

/**
 * The key that seals the cursors of audit lists, or `null` when none was made. It is read each time and not cached: when
 * Redis was emptied, no process goes on with a key that others do not know. Reading writes nothing, so lists work while
 * Redis is full.
 * @throws {RangeError} when it has another length: promptq did not write it
 */
export async function readCursorKey({ redis, keys }: StoreContext): Promise<Buffer | null> {
  const key = await redis.getBuffer(keys.cursorKey);
  if (key === null || key.length === keyBytes) return key;
  throw new RangeError(
    `${keys.cursorKey} in Redis must have ${keyBytes} bytes: delete it, and a new one is made`,
  );
}

/** The key that seals the cursors of audit lists. All processes share it; the first that needs it makes it. */
export async function ensureCursorKey(context: StoreContext): Promise<Buffer> {
  const existing = await readCursorKey(context);
  if (existing) return existing;
  const { redis, keys } = context;
  await redis.set(keys.cursorKey, randomBytes(keyBytes), 'NX');
  const made = await readCursorKey(context);
  if (made) return made;
  throw new Error('Redis was emptied in between');
}
