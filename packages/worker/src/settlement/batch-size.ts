import type { Batch } from './outbox.ts';

const minCount = 1;
const firstCount = 50;
const maxCount = 500;
/** A completion carries its whole answer, so a batch is also bounded by what it may weigh in memory. */
const targetUnits = 4 * 1024 * 1024;

/**
 * How many entries to read next, from how large the last ones were: it doubles while they are small and
 * falls at once when they are large.
 */
export function nextCount(count: number, lastBatches: Pick<Batch, 'entries'>[]): number {
  let entries = 0;
  let units = 0;
  for (const batch of lastBatches) {
    for (const [, fields] of batch.entries) {
      entries += 1;
      for (const field of fields) units += field.length;
    }
  }
  if (entries === 0) return count || firstCount;
  const fitting = Math.floor((targetUnits / Math.max(1, units)) * entries);
  return Math.max(minCount, Math.min(maxCount, count * 2, fitting));
}
