/** The clocks of API, workers and Redis may differ by so much before a filter misses an event. */
export const clockSkewMs = 60_000;

/** One request looks at no more entries: the next page goes on from there. */
export const maxEntries = 50_000;

/** Whether stream id `a` comes before `b`. */
export function isBefore(a: string, b: string): boolean {
  const [aMs = 0, aSequence = 0] = a.split('-').map(Number);
  const [bMs = 0, bSequence = 0] = b.split('-').map(Number);
  return aMs < bMs || (aMs === bMs && aSequence < bSequence);
}
