import type { StoreContext } from '../context.ts';
import { defineScript } from '../scripts/script.ts';

const rate = defineScript(import.meta.url, 'rate');

export const rateWindowSeconds = 60;

/** One request to count. */
export interface CountedRequest {
  /** Whose limit applies: an API key's, or that of all callers when there are no keys. */
  who: string;
  perMinute: number;
  /** The scope of a submission with an Idempotency-Key, or `null`: see `Idempotency`. */
  idempotencyScope: string | null;
}

export interface RequestCount {
  /** The Idempotency-Key was used before, so the request was not counted. */
  isReplay: boolean;
  /** Whether the request is above the limit. */
  isAboveLimit: boolean;
  /** How many more requests this window allows. */
  remaining: number;
  /** When the window ends, in milliseconds from now. */
  resetMs: number;
}

/** Counts a request across all API processes, in windows of a minute. It takes one round trip. */
export async function countRequest(
  { redis, keys }: StoreContext,
  { who, perMinute, idempotencyScope }: CountedRequest,
): Promise<RequestCount> {
  const record = idempotencyScope === null ? [] : [keys.idempotency(idempotencyScope)];
  const [isReplay, count = 0, resetMs = 0] = (await rate(redis, {
    keys: [keys.requests(who), ...record],
    control: { window: rateWindowSeconds * 1_000 },
  })) as [number, number?, number?];
  return {
    isReplay: isReplay === 1,
    isAboveLimit: count > perMinute,
    remaining: Math.max(0, perMinute - count),
    resetMs,
  };
}

/** Whether the Idempotency-Key with this scope was used before. */
export async function isKnown({ redis, keys }: StoreContext, scope: string): Promise<boolean> {
  return (await redis.exists(keys.idempotency(scope))) === 1;
}
