const targetUnits = 1024 * 1024;
const growth = 2;

/**
 * How many entries to read next from a list whose entries have anything from 100 B to 1 MiB. The number doubles while
 * they are small and falls at once when they are large.
 * @param read the lengths of what was read last
 */
export function nextChunk(count: number, read: number[], maxCount: number): number {
  const units = read.reduce((sum, length) => sum + length, 0);
  const fitting = Math.floor((targetUnits / Math.max(1, units)) * read.length);
  return Math.max(1, Math.min(maxCount, count * growth, read.length > 0 ? fitting : maxCount));
}
