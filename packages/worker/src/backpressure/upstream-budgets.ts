import { logFault, type Logger } from '@promptq/shared/logging';
import type { Store } from '@promptq/store';
import { budgetOf, type ModelBudgets } from './model-budgets.ts';
import { BudgetSpentError, type UpstreamBudget } from './within-budget.ts';

const minuteMs = 60 * 1_000;
/** The pool asks again after this time at the latest, because an operator may have raised the budget. */
const maxWaitMs = 5 * 60 * 1_000;
/** The pool asks again after this time when the budget could not be read. */
const retryDelayMs = 1_000;

interface Deps {
  store: Pick<Store, 'rateBudgets'>;
  settings: { UPSTREAM_RPM: ModelBudgets; UPSTREAM_TPM: ModelBudgets };
  log: Logger;
  /** The length of a window, to which the budgets apply. */
  windowMs?: number | undefined;
}

/**
 * The upstream budgets by model, counted in Redis across all workers.
 * @returns a function that returns the budget of a model, or `null` for a model without one; or `null` when no model
 *   has one
 */
export function upstreamBudgets(deps: Deps): ((model: string) => UpstreamBudget | null) | null {
  const { log, windowMs = minuteMs } = deps;
  const { rateBudgets } = deps.store;
  const { UPSTREAM_RPM, UPSTREAM_TPM } = deps.settings;
  if (UPSTREAM_RPM.size === 0 && UPSTREAM_TPM.size === 0) return null;
  return (model) => {
    const requests = budgetOf(UPSTREAM_RPM, model) ?? 0;
    const tokens = budgetOf(UPSTREAM_TPM, model) ?? 0;
    if (requests === 0 && tokens === 0) return null;
    const budget = { requests, tokens, windowMs };
    const reserve = async () => {
      try {
        return await rateBudgets.reserve(model, budget);
      } catch (error) {
        logFault(log, error, 'the budget toward the upstream could not be read');
        return retryDelayMs;
      }
    };
    return {
      take: async (signal) => {
        signal.throwIfAborted();
        const waitMs = await withAbortFallback(reserve(), signal, retryDelayMs);
        if (waitMs > 0) throw new BudgetSpentError(Math.min(waitMs, maxWaitMs));
      },
      book: (spent) => {
        // This need not be awaited: later commands use the same connection, so Redis executes them afterwards.
        rateBudgets
          .settle(model, budget, spent)
          .catch((error: unknown) =>
            logFault(log, error, 'could not record spent tokens in the budget', { tokens: spent }),
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
