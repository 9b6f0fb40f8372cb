import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { redisKeys } from '@promptq/shared/redis';
import { listCursors } from './list-cursors.ts';

const keys = redisKeys(`{cursors-${randomBytes(6).toString('hex')}}`);
const scope = { list: 'jobs', tenant: 'mine' } as const;
const end = { id: 'foreign', position: 'p', isCallersOwn: false };

let redis: Redis;
beforeAll(() => {
  redis = new Redis(inject('redisUrl'));
});
afterAll(async () => {
  await redis.unlink(keys.cursorKey);
  redis.disconnect();
});

test('the first to need the key makes it, however many do at once; opening makes none', async () => {
  const connections = Array.from({ length: 10 }, () => redis.duplicate());
  const processes = connections.map((connection) => listCursors(connection, keys));
  const unknown = `after_${'A'.repeat(100)}`;
  await expect(processes[0]?.open(scope, unknown)).rejects.toMatchObject({ status: 400 });
  expect(await redis.exists(keys.cursorKey)).toBe(0);
  const sealed = await Promise.all(processes.map((cursors) => cursors.lastIdOf(scope, end)));
  for (const cursor of sealed) {
    for (const cursors of processes) expect(await cursors.open(scope, cursor ?? '')).toBe('p');
  }
  expect(await redis.ttl(keys.cursorKey), 'it does not expire').toBe(-1);
  for (const connection of connections) connection.disconnect();
});

test('an own id, and no page end, need no key; an id is no cursor', async () => {
  await redis.del(keys.cursorKey);
  const cursors = listCursors(redis, keys);
  expect(await cursors.lastIdOf(scope, { ...end, id: 'own', isCallersOwn: true })).toBe('own');
  expect(await cursors.lastIdOf(scope, null)).toBeNull();
  expect(await cursors.open(scope, 'evt_chat_1_0')).toBeNull();
  expect(await cursors.open(scope, undefined)).toBeNull();
  expect(await redis.exists(keys.cursorKey)).toBe(0);
});

test('when Redis was emptied, no process goes on with the old key', async () => {
  const [one, other] = [listCursors(redis, keys), listCursors(redis, keys)];
  const old = (await one.lastIdOf(scope, end)) ?? '';
  expect(await other.open(scope, old)).toBe('p');
  await redis.del(keys.cursorKey);
  for (const cursors of [one, other]) {
    await expect(cursors.open(scope, old)).rejects.toMatchObject({ status: 400 });
  }
  const renewed = (await other.lastIdOf(scope, end)) ?? '';
  expect(await one.open(scope, renewed)).toBe('p');
  await expect(one.open(scope, old)).rejects.toMatchObject({
    status: 400,
    faults: [{ pointer: '/after', detail: expect.stringContaining('Start again without') }],
  });
});

test('a key that is none is told with what to do, and a Redis that is away is 503', async () => {
  await redis.set(keys.cursorKey, 'short');
  await expect(listCursors(redis, keys).lastIdOf(scope, end)).rejects.toThrow(
    /32 bytes: delete it/,
  );
  const away = redis.duplicate({ enableOfflineQueue: false });
  away.disconnect();
  const cursors = listCursors(away, keys);
  await expect(cursors.lastIdOf(scope, end)).rejects.toMatchObject({ status: 503 });
  await expect(cursors.open(scope, 'after_x')).rejects.toMatchObject({ status: 503 });
});
