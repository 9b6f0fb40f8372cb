import type { StoreContext } from '../context.ts';
import { defineScript } from '../scripts/script.ts';

/**
 * The budgets toward the upstream by model, counted in Redis for all workers: a call begins only while requests and tokens
 * are left, so tokens are overdrawn by what is in flight and no more, and that is taken from what follows.
 *
 * No library counts them: both are checked in one step, and an overdraft has to outlive its window in the same step that
 * records it. A limiter with fixed windows forgets it, and with many calls in flight it would be no limit at all.
 */
const reserve = defineScript(import.meta.url, 'reserve');
const settle = defineScript(import.meta.url, 'settle');

/** An overdraft lasts so many windows at most: one absurd usage must not stop a model for ever. */
const maxWindows = 60;

/** The budget of one model. */
export interface RateBudget {
  /** Requests of a window; 0: no limit. */
  requests: number;
  /** Tokens of a window; 0: no limit. */
  tokens: number;
  windowMs: number;
}

/**
 * Reserves the request that is about to be made. The request stays reserved even if the call fails.
 * @returns 0, or the milliseconds until the budget has requests and tokens again; then nothing is reserved
 */
export async function reserveRequest(
  { redis, keys }: StoreContext,
  model: string,
  { requests, tokens, windowMs }: RateBudget,
): Promise<number> {
  const waitMs = await reserve(redis, {
    keys: [keys.budgetRequests(model), keys.budgetTokens(model)],
    control: { requests, tokens, window: windowMs },
  });
  return Number(waitMs);
}

/** Records the tokens that a call has spent. */
export async function settleTokens(
  { redis, keys }: StoreContext,
  model: string,
  { tokens, windowMs }: RateBudget,
  spent: number,
): Promise<void> {
  if (tokens === 0 || spent === 0) return;
  await settle(redis, {
    keys: [keys.budgetTokens(model)],
    control: { spent, budget: tokens, window: windowMs, max_windows: maxWindows },
  });
}
