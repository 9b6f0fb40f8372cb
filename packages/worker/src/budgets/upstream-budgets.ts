import type { Redis } from 'ioredis';
import { logFault, type Logger } from '@promptq/shared/logging';
import { luaScript, type RedisKeys } from '@promptq/shared/redis';
import { budgetOf, type ModelBudgets } from '../backpressure/model-budgets.ts';
import { BudgetSpentError, type UpstreamBudget } from '../backpressure/within-budget.ts';

const minuteMs = 60 * 1_000;
/** What is overdrawn is paid by so many windows at most: one absurd usage must not stop a model for ever. */
const maxWindows = 60;
/** The pool asks again after so long, as after a refusal: somebody may have raised the budget. */
const maxWaitMs = 5 * 60 * 1_000;
/** When Redis could not be asked. */
const retryDelayMs = 1_000;

/**
 * Takes one request, unless the requests or the tokens of this window are spent: then it takes nothing and says for
 * how many milliseconds they are. A window begins with the first request, or tokens, after the last one has ended.
 */
const takeScript = luaScript(
  'promptqTakeRequest',
  `
local function spentFor(key, budget)
  if budget == 0 or tonumber(redis.call('GET', key) or 0) < budget then return 0 end
  return math.max(1, redis.call('PTTL', key))
end
local requests = tonumber(ARGV[1])
local wait = math.max(spentFor(KEYS[1], requests), spentFor(KEYS[2], tonumber(ARGV[2])))
if wait == 0 and requests > 0 and redis.call('INCR', KEYS[1]) == 1 then
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
end
return wait
`,
);

/** Books tokens that were spent. What goes beyond the budget makes the window longer by the time that would pay for it. */
const bookScript = luaScript(
  'promptqBookTokens',
  `
local tokens, budget, window = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local spent = redis.call('INCRBY', KEYS[1], ARGV[1])
local left = spent == tokens and window or redis.call('PTTL', KEYS[1])
local overdrawn = math.max(0, spent - budget) - math.max(0, spent - tokens - budget)
local longest = window * tonumber(ARGV[4])
redis.call('PEXPIRE', KEYS[1], math.floor(math.min(longest, left + overdrawn / budget * window)))
return spent
`,
);

interface Deps {
  redis: Redis;
  keys: RedisKeys;
  settings: { UPSTREAM_RPM: ModelBudgets; UPSTREAM_TPM: ModelBudgets };
  log: Logger;
  /** How long a window is; the budgets are for one. */
  windowMs?: number | undefined;
}

/**
 * The budgets toward the upstream by model, counted in Redis for all workers: a call begins only while requests and
 * tokens are left, so tokens are overdrawn by what is in flight and no more, and that is taken from what follows.
 *
 * No library counts them: both are asked in one step, and an overdraft has to outlive its window in the same step
 * that books it. A limiter with fixed windows forgets it, and with many calls in flight it would be no limit at all.
 * @returns what gives the budget of a model, `null` for one that has none; or `null` when no model has one
 */
export function upstreamBudgets(deps: Deps): ((model: string) => UpstreamBudget | null) | null {
  const { redis, keys, log, windowMs = minuteMs } = deps;
  const { UPSTREAM_RPM, UPSTREAM_TPM } = deps.settings;
  if (UPSTREAM_RPM.size === 0 && UPSTREAM_TPM.size === 0) return null;
  return (model) => {
    const requests = budgetOf(UPSTREAM_RPM, model) ?? 0;
    const tokens = budgetOf(UPSTREAM_TPM, model) ?? 0;
    if (requests === 0 && tokens === 0) return null;
    const [requestsKey, tokensKey] = [keys.budgetRequests(model), keys.budgetTokens(model)];
    const ask = async () => {
      try {
        const args = [requests, tokens, windowMs];
        return Number(await takeScript(redis, [requestsKey, tokensKey], args));
      } catch (error) {
        logFault(log, error, 'could not check the upstream budget');
        return retryDelayMs;
      }
    };
    return {
      take: async (signal) => {
        signal.throwIfAborted();
        const waitMs = await withAbortFallback(ask(), signal, retryDelayMs);
        if (waitMs > 0) throw new BudgetSpentError(Math.min(waitMs, maxWaitMs));
      },
      book: (spent) => {
        if (tokens === 0 || spent === 0) return;
        // Nobody waits for it: what follows goes over the same connection, so after it.
        bookScript(redis, [tokensKey], [spent, tokens, windowMs, maxWindows]).catch(
          (error: unknown) =>
            logFault(log, error, 'could not charge tokens to the upstream budget', {
              tokens: spent,
            }),
        );
      },
    };
  };
}

async function withAbortFallback<Answer>(
  promise: Promise<Answer>,
  signal: AbortSignal,
  fallback: Answer,
): Promise<Answer> {
  const { promise: aborted, resolve } = Promise.withResolvers<Answer>();
  const onAbort = () => resolve(fallback);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
