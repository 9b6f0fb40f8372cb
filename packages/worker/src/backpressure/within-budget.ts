import type { Complete } from '../upstream/complete.ts';

/**
 * A call was not made, because the budget of its model is spent or could not be read. Nothing failed, so there is no
 * failure code: the job waits, however old it is, and no attempt is spent.
 */
export class BudgetSpentError extends Error {
  override readonly name = 'BudgetSpentError';
  readonly waitMs: number;

  /** @param waitMs until the next try */
  constructor(waitMs: number) {
    super('the upstream budget is spent');
    this.waitMs = waitMs;
  }
}

/** The budget of one model, across all workers. */
export interface UpstreamBudget {
  /**
   * Takes one request from the budget. A call that fails does not return it.
   * @throws {BudgetSpentError} when the budget is spent, when Redis answers with an error, and when `signal` aborts
   * before Redis answers, because a worker's connection waits for ever
   */
  take(signal: AbortSignal): Promise<void>;
  /** Charges the tokens of an answer. An error of Redis is only logged, because the answer is already here. */
  book(tokens: number): void;
}

/**
 * Limits calls to the budget of their model and charges the tokens of the answers. Without budgets, the calls are
 * unchanged.
 * @throws {BudgetSpentError} instead of making a call that exceeds the budget
 */
export function withinBudget(
  complete: Complete,
  budgetOf: ((model: string) => UpstreamBudget | null) | null,
): Complete {
  if (!budgetOf) return complete;
  return async (request, options) => {
    const budget = budgetOf(request.model);
    await budget?.take(options.signal);
    const completion = await complete(request, options);
    budget?.book(completion.usage.total_tokens);
    return completion;
  };
}
