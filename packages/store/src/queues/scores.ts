/** BullMQ's score of a delayed job: the moment in milliseconds times 4096, plus a counter (`addDelayedJob`). */
export const delayedScorePerMs = 0x1000;

/** Until when a delayed job waits, in milliseconds since 1970. @param score as Redis writes it */
export function delayedUntilMs(score: string): number {
  return Math.floor(Number(score) / delayedScorePerMs);
}
