import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  batchCreatedAt,
  batchJobId,
  batchOf,
  createdAtOf,
  isBatchId,
  jobTypeOf,
  newBatchId,
  newJobId,
  queueNumberOf,
} from '../jobs/index.ts';

test('an id tells its type and its time, and ids sort by time', () => {
  const before = Date.now();
  const ids = Array.from({ length: 100 }, () => newJobId('analysis', 2));
  expect(ids.toSorted()).toEqual(ids);
  expect(new Set(ids).size).toBe(100);
  for (const id of ids) {
    expect(jobTypeOf(id)).toBe('analysis');
    expect(queueNumberOf(id)).toBe(2);
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
])('%j is not a job id', (id) => {
  expect(jobTypeOf(id)).toBeNull();
  expect(createdAtOf(id)).toBeNull();
});

test('the id of a job of a batch tells the batch, the place in it and its time', () => {
  const batchId = newBatchId();
  expect(isBatchId(batchId)).toBe(true);
  fc.assert(
    fc.property(fc.nat(0xffff), fc.nat(0xffff), (index, another) => {
      const id = batchJobId(batchId, { type: 'chat', queueNumber: 1, index });
      expect(jobTypeOf(id)).toBe('chat');
      expect(queueNumberOf(id)).toBe(1);
      expect(batchOf(id)).toEqual({ batchId, index });
      expect(createdAtOf(id)).toBe(batchCreatedAt(batchId));
      const other = batchJobId(batchId, { type: 'chat', queueNumber: 1, index: another });
      expect(Math.sign(Number(id > other) - Number(id < other))).toBe(Math.sign(index - another));
    }),
  );
  expect(() => batchJobId(batchId, { type: 'chat', queueNumber: 1, index: 0x10000 })).toThrow(
    RangeError,
  );
  expect(batchOf(newJobId('chat', 1))).toBeNull();
  expect(isBatchId(batchId.replace('700080000', '700090000'))).toBe(false);
});
