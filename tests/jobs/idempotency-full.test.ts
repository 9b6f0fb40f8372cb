import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withDefaults, type JobSpec } from '@promptq/shared/jobs';
import { testKeys } from '#support/keys.ts';
import { startOwnRedis, type OwnRedis } from '#support/own-redis.ts';
import { openRawStore, silentLog, unlimited, type RawStore } from '#support/raw-store.ts';

const prefix = '{full}';
const keys = testKeys(prefix);

let server: OwnRedis;
let redis: Redis;
let store: RawStore;
beforeAll(async () => {
  server = await startOwnRedis();
  redis = new Redis(server.url, { maxRetriesPerRequest: null });
  store = openRawStore(
    { url: server.url, prefix, log: silentLog },
    { ...unlimited, maxOpenPerTenant: 10, tenantWeights: new Map() },
  );
  await store.start(new AbortController().signal);
});
afterAll(async () => {
  await store.close();
  redis.disconnect();
  await server.stop();
});

const spec: JobSpec = {
  type: 'chat',
  data: withDefaults({ input: { message: 'x', model: 'm', temperature: 0 } }),
  maxAttempts: 1,
  delaySeconds: 0,
};
const add = (scope: string) => store.jobs.add(spec, { scope, fingerprint: 'f' });

test('a Redis that is full takes no job, keeps the keys of those that are there, and no others', async () => {
  const before = await add('before');
  if (before.kind !== 'added') throw new Error(before.kind);
  const { id } = before.job;
  const names = (await redis.keys('*')).toSorted();
  const turns = await redis.hgetall(keys.fairTags('chat', 1));
  await redis.config('SET', 'maxmemory', '1');
  await expect(add('new')).rejects.toMatchObject({ name: 'StoreUnavailableError' });
  expect(await redis.get(keys.idempotency('before'))).toBe(`chat.default:${id}`);
  expect((await redis.keys('*')).toSorted(), 'nothing is left of the refused job').toEqual(names);
  expect(await redis.smembers(keys.openJobs('default')), 'nor a slot').toEqual([id]);
  expect(await redis.hgetall(keys.fairTags('chat', 1)), 'nor a turn').toEqual(turns);
  await redis.config('SET', 'maxmemory', '0');
  expect(await add('before')).toMatchObject({ kind: 'replayed', job: { id } });
  const added = await add('new');
  expect(added.kind).toBe('added');
  expect(await redis.zcard(keys.prioritized('chat'))).toBe(2);
});

test('a job can end while Redis is full: all that follows from its end is written, or nothing', async () => {
  const added = await add('ends');
  if (added.kind !== 'added') throw new Error(added.kind);
  const { id } = added.job;
  await redis.config('SET', 'maxmemory', '1');
  const cancelled = await store.jobs.cancel(id, null);
  await redis.config('SET', 'maxmemory', '0');
  expect(cancelled?.state).toMatchObject({ at: 'failed', failure: { code: 'cancelled' } });
  const events = await redis.xrange(keys.audit, '-', '+');
  expect(events.map(([, fields]) => fields.slice(0, 4))).toEqual([
    ['job_id', id, 'type', 'job.cancelled'],
  ]);
  expect(await redis.sismember(keys.openJobs('default'), id)).toBe(0);
  expect(await redis.zscore(keys.prioritized('chat'), id)).toBeNull();
  expect(await redis.zscore(keys.failed('chat'), id)).not.toBeNull();
  expect(await redis.ttl(keys.idempotency('ends'))).toBeLessThanOrEqual(86_400);
});
