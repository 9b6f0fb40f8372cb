import { randomBytes } from 'node:crypto';
import type { StoreContext } from '../context.ts';

const keyBytes = 32;

/**
 * Reads the key that seals the cursors of audit lists. `null`: no key exists yet. It is not cached, so that no
 * process continues with an old key after Redis was emptied. Reading writes nothing, so lists work while Redis is full.
 * @throws {RangeError} when the key has another length, so promptq did not write it
 */
export async function readCursorKey({ redis, keys }: StoreContext): Promise<Buffer | null> {
  const key = await redis.getBuffer(keys.cursorKey);
  if (key === null || key.length === keyBytes) return key;
  throw new RangeError(
    `the value of ${keys.cursorKey} in Redis must have ${keyBytes} bytes; if it is deleted, promptq makes a new one`,
  );
}

/** The key that seals the cursors of audit lists. All processes share it. The first process that needs it makes it. */
export async function ensureCursorKey(context: StoreContext): Promise<Buffer> {
  const existing = await readCursorKey(context);
  if (existing) return existing;
  const { redis, keys } = context;
  await redis.set(keys.cursorKey, randomBytes(keyBytes), 'NX');
  const made = await readCursorKey(context);
  if (made) return made;
  throw new Error('the cursor key is missing although it was just written: Redis was emptied');
}
