import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openQueue, readJob } from '@promptq/shared/queues';
import { redisKeys } from '@promptq/shared/redis';
import { addKeyedJob } from '#packages/api/src/jobs/add-keyed-job.ts';
import { toWanted } from '#packages/api/src/jobs/wanted.ts';
import { tenantLimit } from '#packages/api/src/limits/tenant-limit.ts';
import { findRedis } from '#scripts/redis.ts';

let server: Awaited<ReturnType<typeof findRedis>>;
let dataDir: string;
let redis: Redis;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'promptq-full-'));
  server = await findRedis({
    redisUrl: undefined,
    dataDir,
    persistent: false,
    say: () => undefined,
  });
  redis = new Redis(server.url, { maxRetriesPerRequest: null });
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
});

test('a Redis that is full takes no job, keeps the keys of those that are there, and no others', async () => {
  const keys = redisKeys('{full}');
  const settings = {
    DEFAULT_MODEL: 'm',
    JOB_ATTEMPTS: 1,
    JOB_TIMEOUT_SECONDS: 1,
    RESULT_TTL_SECONDS: 60,
  };
  const queues = {
    chat: openQueue(redis, '{full}', 'chat'),
    analysis: openQueue(redis, '{full}', 'analysis'),
  };
  const wanted = toWanted(
    {
      type: 'chat',
      input: { message: 'x', temperature: 0 },
      user_id: 'u',
      metadata: {},
      priority: 'normal',
      delay_seconds: 0,
      start_within_seconds: 86_400,
    },
    settings,
    'default',
    { hasOwn: () => false },
  );
  const needs = {
    redis,
    keys,
    queues,
    settings,
    fairShare: null,
    submitted: () => undefined,
    notFull: async () => undefined,
    tenantLimit: tenantLimit(redis, keys, 10),
  };
  const add = (scope: string) => addKeyedJob(needs, wanted, { scope, fingerprint: 'f' });
  const { job } = await add('before');
  await redis.config('SET', 'maxmemory', '1');
  for (const scope of ['before', 'new']) {
    await expect(add(scope)).rejects.toMatchObject({ code: 'redis_unavailable' });
  }
  expect(await redis.get(keys.keyed('before'))).toBe(job.id);
  expect(await redis.exists(keys.keyed('new'), keys.refused)).toBe(0);
  expect(await redis.smembers(keys.openJobs('default')), 'nor a place').toEqual([job.id]);
  await redis.config('SET', 'maxmemory', '0');
  expect(await add('before')).toMatchObject({ isReplay: true, job: { id: job.id } });
  const added = await add('new');
  expect(added.isReplay).toBe(false);
  expect(await readJob(redis, keys, added.job.id)).not.toBeNull();
  expect(await redis.zcard('{full}:chat:prioritized')).toBe(2);
  await Promise.all([queues.chat.close(), queues.analysis.close()]);
});
