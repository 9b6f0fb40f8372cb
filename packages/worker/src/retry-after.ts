/**
 * Parses `Retry-After`, which is seconds or a date (RFC 9110, section 10.2.3).
 * @returns milliseconds from `nowMs`, or `null` if the value is invalid. The caller must limit it.
 */
export function readRetryAfter(value: string | null, nowMs: number): number | null {
  return readDuration(value, 1_000) ?? until(value, nowMs);
}

/** A number of units as milliseconds, or `null`. */
export function readDuration(value: string | null, unitMs: number): number | null {
  return value !== null && /^\d+(\.\d+)?$/.test(value.trim())
    ? Math.ceil(Number(value) * unitMs)
    : null;
}

function until(value: string | null, nowMs: number): number | null {
  const atMs = value === null ? Number.NaN : Date.parse(value);
  return Number.isNaN(atMs) ? null : Math.max(0, atMs - nowMs);
}
