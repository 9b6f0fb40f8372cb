import { setTimeout as delay } from 'node:timers/promises';

export const sleep = (ms: number) => delay(ms);

const pollIntervalMs = 50;
/** No row measures with this limit. It only ends a row whose condition never comes true, on however busy a machine. */
export const maxWaitSeconds = 600;

/** Waits until `condition` is true. @returns after how many seconds, or `null` when it did not come true at all */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  intervalMs = pollIntervalMs,
): Promise<number | null> {
  const startedAt = performance.now();
  for (;;) {
    if (await condition()) return round((performance.now() - startedAt) / 1_000);
    if (performance.now() - startedAt > maxWaitSeconds * 1_000) return null;
    await delay(intervalMs);
  }
}

/** Runs `work` for 0 to `count` - 1, `concurrency` of them at a time. */
export async function each(
  count: number,
  concurrency: number,
  work: (n: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const lane = async () => {
    for (let n = next++; n < count; n = next++) await work(n);
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
}

/** To three digits after the point, for people to read. */
export function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}

/** The value below which the given part of the values lies; 0 for none. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return round(sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0);
}

export function largest(values: readonly number[]): number {
  return round(values.reduce((max, value) => Math.max(max, value), 0));
}
