import { afterEach, beforeEach, expect, it } from 'vitest';
import { queueNameOf } from '../queues/registry.ts';
import { openObservedStore, type ObservedStore } from '../testing/observed-store.ts';

const policy = {
  threshold: 2,
  firstPauseMs: 5_000,
  maxPauseMs: 12_000,
  streakWindowMs: 60_000,
  probeMs: 60_000,
  retryDelayMs: 1_000,
};
let test: ObservedStore;

beforeEach(async () => {
  test = await openObservedStore();
});
afterEach(async () => {
  await test.close();
});

const failed = (id: string) => test.store.circuits.failed('chat', id, policy);
const admit = (id: string) => test.store.circuits.admit('chat', id, policy);
const endPause = () => test.redis.del(test.keys.queueKey(queueNameOf('chat'), 'limiter'));

it('opens at the threshold and pauses the pool', async () => {
  expect(await failed('a')).toEqual({ pauseMs: null, isNew: false });
  expect(await admit('b')).toBe(0);
  expect(await failed('b')).toEqual({ pauseMs: 5_000, isNew: true });
  expect(await test.store.queues.isPoolPaused('chat')).toBe(true);
  expect(await failed('c')).toMatchObject({ isNew: false });
  expect(await admit('d')).toBeGreaterThan(0);
  expect(await test.store.circuits.admit('analysis', 'e', policy)).toBe(0);
});

it('lets one probe try after the pause, which pauses for longer when it fails', async () => {
  await failed('a');
  await failed('b');
  await endPause();
  expect(await admit('probe')).toBe(0);
  expect(await admit('probe')).toBe(0);
  expect(await admit('other')).toBe(1_000);
  expect(await failed('probe')).toEqual({ pauseMs: 10_000, isNew: true });
  await endPause();
  expect(await admit('other')).toBe(0);
  expect(await failed('other')).toEqual({ pauseMs: 12_000, isNew: true });
});

it('lets another job probe when the probe ended without an answer', async () => {
  await failed('a');
  await failed('b');
  await endPause();
  await admit('probe');
  await test.store.circuits.release('chat', 'other');
  expect(await admit('other')).toBe(1_000);
  await test.store.circuits.release('chat', 'probe');
  expect(await admit('other')).toBe(0);
});

it('closes when the upstream answers', async () => {
  await failed('a');
  await failed('b');
  await endPause();
  await test.store.circuits.succeeded('chat');
  expect(await admit('c')).toBe(0);
  expect(await admit('d')).toBe(0);
});
