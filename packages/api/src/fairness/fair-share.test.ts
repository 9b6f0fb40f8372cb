import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { Priority } from '@promptq/shared/contracts';
import { redisKeys } from '@promptq/shared/redis';
import { fairShare } from './fair-share.ts';
import { bandWidth } from './fair-tags.ts';

let redis: Redis;
beforeAll(() => {
  redis = new Redis(inject('redisUrl'));
});
afterAll(() => redis.disconnect());

const scorePerPriority = 2 ** 32;

/** A queue as BullMQ keeps it: the lowest score is started first. */
function queueOf(weights: ReadonlyMap<string, number>) {
  const prefix = `{fair-${randomBytes(6).toString('hex')}}`;
  const keys = redisKeys(prefix);
  const share = fairShare(redis, keys, weights);
  const waiting = keys.prioritized('chat');
  let arrivals = 0;
  return {
    share,
    submit: async (tenant: string, priority: Priority = 'normal') => {
      const tag = await share({ type: 'chat', tenant, priority });
      const score = tag * scorePerPriority + (arrivals += 1);
      await redis.zadd(waiting, score, `${arrivals}:${tenant}:${priority}`);
      return tag;
    },
    /** The tenant and the class of the job that is started next, `null` when none waits. */
    start: async () => {
      const [job] = await redis.zpopmin(waiting);
      return job === undefined ? null : (job.split(':').slice(1) as [string, Priority]);
    },
    clear: () => redis.unlink(waiting, ...[0, 1, 2].map((band) => keys.fairTags('chat', band))),
    keys,
  };
}

test('behind 5,000 jobs of another, 20 jobs of a tenant start among the next 40', async () => {
  const queue = queueOf(new Map());
  await Promise.all(Array.from({ length: 5_000 }, () => queue.submit('a')));
  for (let n = 0; n < 100; n += 1) await queue.start();
  for (let n = 0; n < 20; n += 1) await queue.submit('b');
  let others = 0;
  for (let left = 20; left > 0;) {
    const [tenant] = (await queue.start()) ?? [];
    if (tenant === 'b') left -= 1;
    else others += 1;
  }
  expect(others).toBeLessThanOrEqual(40);
  await queue.clear();
});

test('whatever arrives when: every job starts once, the better class first, and each tenant that waits has its share', async () => {
  const tenants = ['a', 'b', 'c'];
  const weights = new Map([['c', 2]]);
  const weightOf = (tenant: string) => weights.get(tenant) ?? 1;
  const step = fc.oneof(
    fc.record({
      kind: fc.constant('submit' as const),
      tenant: fc.constantFrom(...tenants),
      count: fc.nat(150),
    }),
    fc.record({ kind: fc.constant('start' as const), count: fc.nat(80) }),
  );
  let windows = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const queue = queueOf(weights);
      const waiting = new Map(tenants.map((tenant) => [tenant, 0]));
      /** Of each start: who started, and who was waiting. */
      const starts: { tenant: string; backlogged: string[] }[] = [];
      const start = async () => {
        const backlogged = tenants.filter((tenant) => (waiting.get(tenant) ?? 0) > 0);
        const [tenant] = (await queue.start()) ?? [];
        expect(tenant === undefined, 'work is done while there is any').toBe(
          backlogged.length === 0,
        );
        if (tenant === undefined) return false;
        waiting.set(tenant, (waiting.get(tenant) ?? 0) - 1);
        starts.push({ tenant, backlogged });
        return true;
      };
      for (const one of steps) {
        for (let n = 0; n < one.count; n += 1) {
          if (one.kind === 'start') await start();
          else {
            await queue.submit(one.tenant);
            waiting.set(one.tenant, (waiting.get(one.tenant) ?? 0) + 1);
          }
        }
      }
      while (await start());
      const window = 100;
      for (let from = 0; from + window <= starts.length; from += 1) {
        const part = starts.slice(from, from + window);
        for (const tenant of tenants) {
          if (!part.every(({ backlogged }) => backlogged.includes(tenant))) continue;
          windows += 1;
          const all = tenants.reduce((sum, name) => sum + weightOf(name), 0);
          const got = part.filter((one) => one.tenant === tenant).length;
          const due = Math.floor((window * weightOf(tenant)) / all);
          // Start-time fair queueing may be behind by one job of each other tenant, and rounding by one.
          expect(got, `${tenant} from start ${from}`).toBeGreaterThanOrEqual(due - tenants.length);
        }
      }
      await queue.clear();
    }),
    { numRuns: 25 },
  );
  expect(windows, 'windows in which a tenant waited throughout').toBeGreaterThan(100);
});

test('the better class goes first, and its end is first in, first out', async () => {
  const queue = queueOf(new Map());
  await queue.submit('a', 'low');
  await queue.submit('a', 'normal');
  await queue.submit('b', 'high');
  expect([await queue.start(), await queue.start(), await queue.start()]).toEqual([
    ['b', 'high'],
    ['a', 'normal'],
    ['a', 'low'],
  ]);
  await queue.submit('a');
  await redis.hset(queue.keys.fairTags('chat', 1), 'a', bandWidth);
  const last = 2 * bandWidth;
  expect(await queue.submit('a')).toBe(last);
  expect(await queue.submit('a')).toBe(last);
  expect(await queue.submit('a', 'low'), 'the next band is not touched').toBe(last + 3);
  await queue.clear();
});
