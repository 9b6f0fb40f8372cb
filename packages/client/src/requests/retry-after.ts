/**
 * Reads `Retry-After`, which holds seconds or a date (RFC 9110, 10.2.3).
 * @returns milliseconds from now, or `null` if the header is missing or malformed
 */
export function retryAfterMs(headers: Headers, nowMs: number): number | null {
  const text = headers.get('retry-after')?.trim() ?? '';
  if (/^\d+$/.test(text)) return Number(text) * 1_000;
  const dateMs = /^[A-Z][a-z]{2}/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(dateMs) ? null : Math.max(0, dateMs - nowMs);
}

/** How long the API asks to wait before the next poll, in milliseconds, or `null` if it does not say. */
export function pollAfterMs(headers: Headers, nowMs: number): number | null {
  const text = headers.get('openai-poll-after-ms')?.trim() ?? '';
  return /^\d+$/.test(text) ? Number(text) : retryAfterMs(headers, nowMs);
}
