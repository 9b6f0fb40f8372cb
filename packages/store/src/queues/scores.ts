/** BullMQ's score of a delayed job is its due time in milliseconds times 4096, plus a counter (`addDelayedJob`). */
export const delayedScorePerMs = 0x1000;

/** The due time of a delayed job, in milliseconds since 1970. @param score as Redis returns it */
export function delayedUntilMs(score: string): number {
  return Math.floor(Number(score) / delayedScorePerMs);
}
