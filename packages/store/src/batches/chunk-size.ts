const targetUnits = 1024 * 1024;
const growth = 2;

/**
 * How many entries to read next from a list whose entries have from 100 B to 1 MiB. The number doubles while the
 * entries are small and falls immediately when they are large.
 * @param read the lengths of the entries that were read last
 */
export function nextChunk(count: number, read: number[], maxCount: number): number {
  const units = read.reduce((sum, length) => sum + length, 0);
  const fitting = Math.floor((targetUnits / Math.max(1, units)) * read.length);
  return Math.max(1, Math.min(maxCount, count * growth, read.length > 0 ? fitting : maxCount));
}
