import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { bucketSeconds } from '../job-index/time-index.ts';
import {
  batchPriorityOf,
  batchScore,
  fairPosition,
  minBatchPriority,
  priorityOf,
} from './priorities.ts';

const lua = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');

test('the constants that stand in Lua files are those of the modules beside them', () => {
  expect(lua('../limits/queue-length.lua')).toContain(`local batch_score = '${batchScore}'`);
  expect(lua('../scripts/includes/index-job.lua')).toContain(
    `local bucket_seconds = ${bucketSeconds}\n`,
  );
});

test('no job has priority 0, and jobs of batches come after all others', () => {
  const single = (['high', 'normal', 'low'] as const).map(priorityOf);
  expect(single).toEqual([1, 2, 3]);
  const { band, width } = fairPosition(new Map(), 'acme', 'low');
  expect((band + 1) * width).toBeLessThan(minBatchPriority);
  expect((['high', 'normal', 'low'] as const).map(batchPriorityOf)).toEqual(
    [0, 1, 2].map((n) => minBatchPriority + n),
  );
});

test('a tenant of twice the weight takes half the step', () => {
  const weights = new Map([['large', 4]]);
  expect(fairPosition(weights, 'large', 'normal').step).toBe(1);
  expect(fairPosition(weights, 'small', 'normal').step).toBe(4);
});
