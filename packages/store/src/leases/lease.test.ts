import { afterEach, beforeEach, expect, it } from 'vitest';
import { openObservedStore, type ObservedStore } from '../testing/observed-store.ts';

let test: ObservedStore;

beforeEach(async () => {
  test = await openObservedStore();
});
afterEach(async () => {
  await test.close();
});

it('one process holds a lease and renews it', async () => {
  const { holds } = test.store.leases;
  expect(await holds('sweep', { holder: 'a', ttlMs: 30_000 })).toBe(true);
  expect(await holds('sweep', { holder: 'b', ttlMs: 30_000 })).toBe(false);
  expect(await holds('dispatch', { holder: 'b', ttlMs: 30_000 })).toBe(true);
  await test.redis.pexpire(test.keys.sweeperLease, 10_000);
  expect(await holds('sweep', { holder: 'a', ttlMs: 30_000 })).toBe(true);
  expect(await test.redis.pttl(test.keys.sweeperLease)).toBeGreaterThan(10_000);
});

it('only its holder gives a lease up', async () => {
  const { holds, release } = test.store.leases;
  await holds('dispatch', { holder: 'a', ttlMs: 30_000 });
  await release('dispatch', 'b');
  expect(await holds('dispatch', { holder: 'b', ttlMs: 30_000 })).toBe(false);
  await release('dispatch', 'a');
  expect(await holds('dispatch', { holder: 'b', ttlMs: 30_000 })).toBe(true);
});
