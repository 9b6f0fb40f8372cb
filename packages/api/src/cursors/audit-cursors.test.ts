import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { StoreUnavailableError, type Store } from '@promptq/store';
import { auditCursors } from './audit-cursors.ts';
import { keyBytes } from './seal.ts';

const end = { id: 'foreign', position: 'p', isCallersOwn: false };

/** The key in a Redis, and cursors of several processes over it. */
function sharedKey() {
  const redis: { key: Buffer | null; made: number } = { key: null, made: 0 };
  const audit = {
    readCursorKey: async () => redis.key,
    ensureCursorKey: async () => {
      if (!redis.key) redis.made += 1;
      return (redis.key ??= randomBytes(keyBytes));
    },
  };
  return { redis, cursors: () => auditCursors({ audit: audit as unknown as Store['audit'] }) };
}

test('a cursor of one process is opened by all others, for its tenant only; opening makes no key', async () => {
  const { redis, cursors } = sharedKey();
  const unknown = `after_${'A'.repeat(100)}`;
  await expect(cursors().open('mine', unknown)).rejects.toMatchObject({ status: 400 });
  expect(redis.made).toBe(0);
  const cursor = (await cursors().lastIdOf('mine', end)) ?? '';
  expect(await cursors().open('mine', cursor)).toBe('p');
  await expect(cursors().open('theirs', cursor)).rejects.toMatchObject({ status: 400 });
});

test('an own id, and no page end, need no key; an id is not a cursor', async () => {
  const { redis, cursors } = sharedKey();
  const own = { ...end, id: 'own', isCallersOwn: true };
  expect(await cursors().lastIdOf('mine', own)).toBe('own');
  expect(await cursors().lastIdOf('mine', null)).toBeNull();
  expect(await cursors().open('mine', 'evt_chat_1')).toBeNull();
  expect(await cursors().open('mine', undefined)).toBeNull();
  expect(redis.made).toBe(0);
});

test('when Redis was emptied, no process goes on with the old key', async () => {
  const { redis, cursors } = sharedKey();
  const [one, other] = [cursors(), cursors()];
  const old = (await one.lastIdOf('mine', end)) ?? '';
  expect(await other.open('mine', old)).toBe('p');
  redis.key = null;
  for (const process of [one, other]) {
    await expect(process.open('mine', old)).rejects.toMatchObject({ status: 400 });
  }
  const renewed = (await other.lastIdOf('mine', end)) ?? '';
  expect(await one.open('mine', renewed)).toBe('p');
  await expect(one.open('mine', old)).rejects.toMatchObject({
    status: 400,
    faults: [{ pointer: '/after', detail: expect.stringContaining('Start again without') }],
  });
});

test('an outage of the store is not taken for a cursor that is not valid', async () => {
  const unavailable = () => Promise.reject(new StoreUnavailableError());
  const audit = { readCursorKey: unavailable, ensureCursorKey: unavailable };
  const cursors = auditCursors({ audit: audit as unknown as Store['audit'] });
  await expect(cursors.lastIdOf('mine', end)).rejects.toThrow(StoreUnavailableError);
  await expect(cursors.open('mine', 'after_x')).rejects.toThrow(StoreUnavailableError);
});
