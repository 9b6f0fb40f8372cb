/**
 * What `Retry-After` says, in milliseconds from now: seconds or a date (RFC 9110, 10.2.3).
 * @returns `null` when it is missing or neither
 */
export function retryAfterMs(headers: Headers, nowMs: number): number | null {
  const text = headers.get('retry-after')?.trim() ?? '';
  if (/^\d+$/.test(text)) return Number(text) * 1_000;
  const atMs = /^[A-Z][a-z]{2}/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(atMs) ? null : Math.max(0, atMs - nowMs);
}

/** When it makes sense to look at an unfinished job again, in milliseconds from now; `null`: nothing was said. */
export function pollAfterMs(headers: Headers, nowMs: number): number | null {
  const text = headers.get('openai-poll-after-ms')?.trim() ?? '';
  return /^\d+$/.test(text) ? Number(text) : retryAfterMs(headers, nowMs);
}
