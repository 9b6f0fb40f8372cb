import { APIError } from 'openai';
import { readDuration, readRetryAfter } from '../retry-after.ts';

/** Bounds of the pause, whatever the upstream asks for. */
const maxPauseMs = 5 * 60 * 1_000;
const minPauseMs = 250;

/**
 * The pause that the upstream asks for, in milliseconds, or `null` if it does not.
 * `retry-after-ms` is OpenAI's; `Retry-After` is seconds or a date (RFC 9110, section 10.2.3).
 */
export function askedPauseMs(error: unknown, nowMs: number): number | null {
  if (!(error instanceof APIError) || error.headers === undefined) return null;
  const headers: Headers = error.headers;
  const asked =
    readDuration(headers.get('retry-after-ms'), 1) ??
    readRetryAfter(headers.get('retry-after'), nowMs);
  return asked === null ? null : Math.max(minPauseMs, Math.min(asked, maxPauseMs));
}
