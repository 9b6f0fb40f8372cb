import type { StoreContext } from '../context.ts';
import { defineScript } from '../scripts/script.ts';

/**
 * The upstream budgets by model, counted in Redis across all workers. A call begins only while requests and tokens are
 * left. So tokens can be overdrawn only by the calls in flight, and the overdraft is deducted from the following
 * windows.
 *
 * No library does this. Requests and tokens must be checked in one step, and the step that records an overdraft must
 * extend the window. A limiter with fixed windows forgets the overdraft, so with many calls in flight it would hardly
 * limit anything.
 */
const reserve = defineScript(import.meta.url, 'reserve');
const settle = defineScript(import.meta.url, 'settle');

/** The most windows that an overdraft lasts, so that one absurd usage cannot stop a model for ever. */
const maxWindows = 60;

/** The budget of one model. */
export interface RateBudget {
  /** Requests per window; 0: no limit. */
  requests: number;
  /** Tokens per window; 0: no limit. */
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
