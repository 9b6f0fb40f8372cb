/** The largest difference between the clocks of API, workers and Redis at which filters find every event. */
export const clockSkewMs = 60_000;

/** The most entries that one request scans. The next page continues from there. */
export const maxEntries = 50_000;

/** Whether stream id `a` comes before `b`. */
export function isBefore(a: string, b: string): boolean {
  const [aMs = 0, aSequence = 0] = a.split('-').map(Number);
  const [bMs = 0, bSequence = 0] = b.split('-').map(Number);
  return aMs < bMs || (aMs === bMs && aSequence < bSequence);
}
