import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findRedis } from '../../../../scripts/redis.ts';
import { chatSpec, createTestBatch, openTestStore } from '../testing/test-store.ts';
import { StoreUnavailableError } from '../store-error.ts';
import { definedScripts } from '../scripts/script.ts';

let server: Awaited<ReturnType<typeof findRedis>>;
let dataDir: string;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'promptq-full-'));
  server = await findRedis({
    redisUrl: undefined,
    dataDir,
    persistent: false,
    say: () => undefined,
  });
});
afterAll(async () => {
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
});

test('a Redis that is full creates no batch, releases no request and corrects none; later all is as it was', async () => {
  const store = await openTestStore({ url: server.url });
  const { redis, keys } = store.context;
  const id = await createTestBatch(store, 10);
  const uploadId = randomUUID();
  await store.batches.stage(uploadId, [{ index: 0, customId: 'a', spec: chatSpec() }]);
  const record = await store.batches.readOpen(id);
  if (!record) throw new Error('the batch is gone');
  // A full Redis refuses new texts of scripts as well.
  for (const lua of definedScripts().values()) await redis.script('LOAD', lua);
  const before = await snapshot();

  await redis.config('SET', 'maxmemory', '1');
  const batch = {
    uploadId,
    total: 1,
    tenant: 'default',
    metadata: {},
    webhookUrl: null,
    ownSecret: false,
  };
  await expect(store.batches.create(batch, null)).rejects.toThrow(StoreUnavailableError);
  await expect(store.batches.release(record)).rejects.toThrow(StoreUnavailableError);
  await expect(
    store.batches.stage(uploadId, [{ index: 1, customId: 'b', spec: chatSpec() }]),
  ).rejects.toThrow(StoreUnavailableError);
  expect(await snapshot()).toEqual(before);

  await redis.config('SET', 'maxmemory', '0');
  expect(await store.batches.release(record)).toBe(10);
  await redis.del(await redis.keys(`${keys.root}chat.default:chat_*`));
  const released = await snapshot();
  await redis.config('SET', 'maxmemory', '1');
  await expect(store.batches.correctRemoved()).rejects.toThrow(StoreUnavailableError);
  expect(await snapshot()).toEqual(released);
  await redis.config('SET', 'maxmemory', '0');
  expect(await store.batches.correctRemoved()).toBe(10);
  expect(await store.batches.create(batch, null)).toMatchObject({ kind: 'created' });

  async function snapshot() {
    const names = (await redis.keys(`${keys.root}*`)).toSorted();
    const dumps = await Promise.all(names.map((name) => redis.dump(name)));
    return Object.fromEntries(names.map((name, at) => [name, dumps[at]]));
  }
});
