import type { Request, RequestHandler } from 'express';
import type { Redis } from 'ioredis';
import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { RedisKeys } from '@promptq/shared/redis';
import { callerOf } from '../auth/authorize.ts';
import { fromRedis } from '../problems/store-unavailable.ts';
import { Problem } from '../problems/problem.ts';
import { isKnown } from '../idempotency/is-known.ts';
import { idempotencyKeyOf, scopeOf } from '../idempotency/idempotency-key.ts';

const windowSeconds = 60;

interface Deps {
  redis: Redis;
  keys: RedisKeys;
  /** Of one API key, or of all callers while there are no keys. */
  perMinute: number;
}

/**
 * Limits the requests per minute, counted in Redis for all API processes. The replay of an accepted submission
 * (Idempotency-Key) passes the limit, because a refusal would make the client retry.
 * Headers as in draft-ietf-httpapi-ratelimit-headers, "RateLimit-Policy" and "RateLimit".
 */
export function rateLimit({ redis, keys, perMinute }: Deps): RequestHandler {
  const limiter = new RateLimiterRedis({
    storeClient: redis,
    keyPrefix: keys.requests,
    points: perMinute,
    duration: windowSeconds,
  });
  const isReplay = async (req: Request) => {
    const kind = kindOf(req);
    if (!kind) return false;
    const key = idempotencyKeyOf(req);
    if (key === undefined) return false;
    const scope = scopeOf(kind, callerOf(req).tenant, key);
    return isKnown({ redis, keys }, scope);
  };
  return async (req, res, next) => {
    if (await isReplay(req)) return next();
    const { keyId } = callerOf(req);
    const { isExceeded, left } = await fromRedis(consume(limiter, keyId ?? 'everybody'));
    const seconds = Math.ceil(left.msBeforeNext / 1_000);
    const headers = {
      'RateLimit-Policy': `"requests";q=${perMinute};w=${windowSeconds}`,
      RateLimit: `"requests";r=${Math.max(0, left.remainingPoints)};t=${seconds}`,
    };
    if (isExceeded) {
      throw new Problem('rate_limited', `The limit is ${perMinute} requests per minute.`, {
        headers: { ...headers, 'Retry-After': String(Math.max(1, seconds)) },
      });
    }
    res.set(headers);
    next();
  };
}

async function consume(
  limiter: RateLimiterRedis,
  who: string,
): Promise<{ isExceeded: boolean; left: RateLimiterRes }> {
  try {
    return { isExceeded: false, left: await limiter.consume(who) };
  } catch (error) {
    // The library throws what is left when nothing is.
    if (error instanceof RateLimiterRes) return { isExceeded: true, left: error };
    throw error;
  }
}

function kindOf(req: Request): 'job' | 'batch' | null {
  if (req.method !== 'POST') return null;
  if (req.path === '/v1/jobs') return 'job';
  return req.path === '/v1/batches' ? 'batch' : null;
}
