import { afterEach, beforeEach, expect, it } from 'vitest';
import type { JobData } from '@promptq/shared/jobs';
import {
  chatResult,
  chatSpec,
  openObservedStore,
  type ObservedStore,
} from '../testing/observed-store.ts';

let test: ObservedStore;

beforeEach(async () => {
  test = await openObservedStore();
});
afterEach(async () => {
  await test.close();
});

const usage = { input_tokens: 1, output_tokens: 2, total_tokens: 3 };

it('keeps the finished calls of a job, with an expiry', async () => {
  const { keep, read } = test.store.checkpoints;
  await keep('chat_1', 'a', { answer: 'A', usage });
  await keep('chat_1', 'b', { failure: { code: 'upstream_invalid_request', upstream: null } });
  expect(await read('chat_1')).toEqual(
    new Map<string, unknown>([
      ['a', { answer: 'A', usage }],
      ['b', { failure: { code: 'upstream_invalid_request', upstream: null } }],
    ]),
  );
  expect(await read('chat_2')).toEqual(new Map());
  expect(await test.redis.ttl(test.keys.checkpoints('chat_1'))).toBeGreaterThan(3_000);
});

it('does not fail the job when Redis refuses to keep a call', async () => {
  await test.redis.set(test.keys.checkpoints('chat_1'), 'not a hash');
  await expect(
    test.store.checkpoints.keep('chat_1', 'a', { answer: 'A', usage }),
  ).resolves.toBeUndefined();
});

it('deletes the calls of a job when the job ends', async () => {
  const input = { text: 'Hello', tasks: ['summary'], model: 'm' };
  const data = { ...chatSpec().data, input } as JobData;
  const added = await test.store.jobs.add({ ...chatSpec(), data, type: 'analysis' });
  if (added.kind !== 'added') throw new Error(added.kind);
  const { id } = added.job;
  await test.store.checkpoints.keep(id, '0-summary', { answer: 'A', usage });
  expect(await test.redis.exists(test.keys.checkpoints(id))).toBe(1);
  test.worker(async () => chatResult(), 'analysis');
  await expect
    .poll(() => test.finished.map(({ jobId }) => jobId), { timeout: 10_000 })
    .toEqual([id]);
  expect(await test.redis.exists(test.keys.checkpoints(id))).toBe(0);
});
