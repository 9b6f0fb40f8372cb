import { maxTries } from '@promptq/shared/webhooks';
import type { TryResult } from './send.ts';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

/** The delays after failed tries: ten tries over about 75 hours. */
const delaysMs = [
  5 * second,
  5 * minute,
  30 * minute,
  2 * hour,
  5 * hour,
  10 * hour,
  14 * hour,
  20 * hour,
  24 * hour,
];
/**
 * Every delay is extended at random by up to a fifth, so that webhooks that failed together are not retried together.
 */
const jitter = 0.2;
const maxAskedMs = 24 * hour;
const minAskedMs = 1 * second;
/**
 * Up to this try, a receiver can shorten the delay with `Retry-After`. Later tries keep at least the scheduled delay,
 * so that a receiver that always answers `Retry-After: 1` does not use up ten tries in ten seconds.
 */
const lastEarlyTry = 3;

/** What follows a try. */
export type Step =
  | { kind: 'delivered' }
  /** The receiver does not want the webhook any longer (410). */
  | { kind: 'gone' }
  /** The address of the receiver is not allowed. */
  | { kind: 'blocked' }
  /** All tries have failed. */
  | { kind: 'dead' }
  | { kind: 'retry'; inMs: number };

type Result = Pick<TryResult, 'status' | 'error' | 'retryAfterMs'>;

/**
 * Decides what follows a try. A redirect is a failed try like any other.
 * @param tryNumber from 1 on
 * @param random from 0 to 1
 */
export function nextStep(tryNumber: number, result: Result, random: () => number): Step {
  const { status, error } = result;
  if (error === 'blocked_address') return { kind: 'blocked' };
  if (status !== null && status >= 200 && status < 300) return { kind: 'delivered' };
  if (status === 410) return { kind: 'gone' };
  const scheduledMs = delaysMs[tryNumber - 1];
  if (scheduledMs === undefined || tryNumber >= maxTries) return { kind: 'dead' };
  const askedMs = askedDelayMs(result);
  const delayMs =
    askedMs === null
      ? scheduledMs
      : tryNumber <= lastEarlyTry
        ? askedMs
        : Math.max(askedMs, scheduledMs);
  return { kind: 'retry', inMs: Math.ceil(delayMs * (1 + jitter * random())) };
}

/** The delay that an overloaded receiver asked for (RFC 6585, section 4; RFC 9110, section 15.6.4). */
function askedDelayMs({ status, retryAfterMs }: Result): number | null {
  if (retryAfterMs === null || (status !== 429 && status !== 503)) return null;
  return Math.min(Math.max(retryAfterMs, minAskedMs), maxAskedMs);
}
