import fc from 'fast-check';
import { expect, test } from 'vitest';
import { redisKeys } from '../redis/index.ts';
import { idsInBucket, indexEntry } from '../queues/index.ts';
import {
  batchCreatedAt,
  batchJobId,
  batchOf,
  createdAtOf,
  isBatchId,
  jobTypeOf,
  newBatchId,
  newJobId,
} from '../jobs/index.ts';

test('an id tells its type and its time, and ids sort by time', () => {
  const before = Date.now();
  const ids = Array.from({ length: 100 }, () => newJobId('analysis'));
  expect(ids.toSorted()).toEqual(ids);
  expect(new Set(ids).size).toBe(100);
  for (const id of ids) {
    expect(jobTypeOf(id)).toBe('analysis');
    expect(createdAtOf(id)).toBeGreaterThanOrEqual(before);
    expect(createdAtOf(id)).toBeLessThanOrEqual(Date.now());
  }
});

test.each([
  '',
  'chat',
  'chat_',
  'chat_0199',
  'poem_01a1fbb51c1a70548f3db1db53cd7ea0',
  'chat:01a1fbb51c1a70548f3db1db53cd7ea0',
  'chat_01A1FBB51C1A70548F3DB1DB53CD7EA0',
  'chat_01a1fbb51c1a70548f3db1db53cd7ea0\n',
])('%j is no id of ours', (id) => {
  expect(jobTypeOf(id)).toBeNull();
  expect(createdAtOf(id)).toBeNull();
});

test('the id of a job of a batch tells the batch, the place in it and its time', () => {
  const batchId = newBatchId();
  expect(isBatchId(batchId)).toBe(true);
  fc.assert(
    fc.property(fc.nat(0xffff), fc.nat(0xffff), (index, another) => {
      const id = batchJobId(batchId, 'chat', index);
      expect(jobTypeOf(id)).toBe('chat');
      expect(batchOf(id)).toEqual({ batchId, index });
      expect(createdAtOf(id)).toBe(batchCreatedAt(batchId));
      const other = batchJobId(batchId, 'chat', another);
      expect(Math.sign(Number(id > other) - Number(id < other))).toBe(Math.sign(index - another));
    }),
  );
  expect(() => batchJobId(batchId, 'chat', 0x10000)).toThrow(RangeError);
  expect(batchOf(newJobId('chat'))).toBeNull();
  expect(isBatchId(batchId.replace('700080', '700090'))).toBe(false);
});

test('what is put into the index comes out of it, once, newest first', () => {
  const keys = redisKeys('{t}');
  const moments = fc.array(
    fc.record({ ms: fc.nat(9_999), type: fc.constantFrom('chat', 'analysis') }),
  );
  fc.assert(
    fc.property(moments, fc.nat(16), (made, cut) => {
      const ids = made.map(({ ms, type }) => newJobId(type as 'chat', 1_700_000_000_000 + ms));
      const members = [...ids, ...ids].map((id) => indexEntry(keys, id).member);
      const content = Buffer.concat([...members, Buffer.alloc(cut)]);
      const times = idsInBucket(content).map((id) => createdAtOf(id) ?? 0);
      expect(new Set(idsInBucket(content))).toEqual(new Set(ids));
      expect(times).toEqual(times.toSorted((a, b) => b - a));
    }),
  );
});
