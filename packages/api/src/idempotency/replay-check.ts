import type { Request } from 'express';
import type { Store } from '@promptq/store';

declare module 'node:http' {
  interface IncomingMessage {
    /** Whether the Idempotency-Key was used before; see `rememberReplay`. */
    isReplay?: boolean;
  }
}

/** Saves `replayCheck` a round trip. The rate limit learns from Redis whether the request is a replay. */
export function rememberReplay(req: Request, isReplay: boolean): void {
  req.isReplay = isReplay;
}

/**
 * Returns a function that checks whether the Idempotency-Key was used before. It makes at most one round trip, and none
 * when the requests of the caller are rate-limited.
 * @param scope `null` when the request has no key
 */
export function replayCheck(
  store: Pick<Store, 'limits'>,
  req: Request,
  scope: string | null,
): () => Promise<boolean> {
  let known: Promise<boolean> | undefined;
  return async () => {
    if (scope === null) return false;
    return req.isReplay ?? (known ??= store.limits.isKnown(scope));
  };
}
