import type { Request, RequestHandler } from 'express';
import { rateWindowSeconds, type Store } from '@promptq/store';
import { callerOf } from '../auth/authorize.ts';
import { idempotencyKeyOf, scopeOf } from '../idempotency/idempotency-key.ts';
import { rememberReplay } from '../idempotency/replay-check.ts';
import { Problem } from '../problems/problem.ts';

interface Deps {
  store: Pick<Store, 'limits'>;
  /** The limit for each API key, or for all callers together when there are no keys. */
  perMinute: number;
}

/**
 * Limits the requests per minute, counted in Redis across all API processes. A submission that replays an
 * Idempotency-Key is not limited, because its client would only ask again.
 * Headers as in draft-ietf-httpapi-ratelimit-headers, "RateLimit-Policy" and "RateLimit".
 */
export function rateLimit({ store, perMinute }: Deps): RequestHandler {
  return async (req, res, next) => {
    const { keyId } = callerOf(req);
    const { isReplay, isAboveLimit, remaining, resetMs } = await store.limits.countRequest({
      who: keyId ?? 'everybody',
      perMinute,
      idempotencyScope: idempotencyScopeOf(req),
    });
    rememberReplay(req, isReplay);
    if (isReplay) return next();
    const seconds = Math.ceil(resetMs / 1_000);
    const headers = {
      'RateLimit-Policy': `"requests";q=${perMinute};w=${rateWindowSeconds}`,
      RateLimit: `"requests";r=${remaining};t=${seconds}`,
    };
    if (isAboveLimit) {
      throw new Problem('rate_limited', `The limit is ${perMinute} requests per minute.`, {
        headers: { ...headers, 'Retry-After': String(Math.max(1, seconds)) },
      });
    }
    res.set(headers);
    next();
  };
}

/** The scope of a submission with an Idempotency-Key; `null` for all other requests. */
function idempotencyScopeOf(req: Request): string | null {
  const kind = kindOf(req);
  const key = kind === null ? undefined : idempotencyKeyOf(req);
  return kind === null || key === undefined ? null : scopeOf(kind, callerOf(req).tenant, key);
}

function kindOf(req: Request): 'job' | 'batch' | null {
  if (req.method !== 'POST') return null;
  if (req.path === '/v1/jobs') return 'job';
  return req.path === '/v1/batches' ? 'batch' : null;
}
