import type { Request } from 'express';
import type { Store } from '@promptq/store';

declare module 'node:http' {
  interface IncomingMessage {
    /** Whether something was submitted with this Idempotency-Key before; see `rememberReplay`. */
    isReplay?: boolean;
  }
}

/** Saves `replayCheck` a round trip: whoever counts the request has learned it already. */
export function rememberReplay(req: Request, isReplay: boolean): void {
  req.isReplay = isReplay;
}

/**
 * Tells whether something was submitted with this Idempotency-Key before. It costs a round trip at most, and none when the
 * requests of the caller are counted.
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
