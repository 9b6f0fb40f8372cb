import type { Complete } from '../upstream/complete.ts';

/**
 * A call was not made: the budget of its model is spent, or Redis could not say whether it is. Nobody has failed, so
 * it has no failure code: the job waits, however old it is, and no attempt is spent.
 */
export class BudgetSpentError extends Error {
  override readonly name = 'BudgetSpentError';
  readonly waitMs: number;

  /** @param waitMs until it is worth asking again */
  constructor(waitMs: number) {
    super('the budget toward the upstream is spent');
    this.waitMs = waitMs;
  }
}

/** The budget of one model, across all workers. */
export interface UpstreamBudget {
  /**
   * Takes the request that is about to be made. It is spent whatever becomes of the call.
   * @throws {BudgetSpentError} when there is none, when Redis refuses to say, and when `signal` aborts before Redis
   * has said: a worker's connection waits for ever
   */
  take(signal: AbortSignal): Promise<void>;
  /** Books the tokens of an answer. What Redis refuses is only logged: the answer is paid for and here. */
  book(tokens: number): void;
}

/**
 * The same calls, each made only when its model's budget has a request left for it, and booked there when it is
 * answered. Without budgets they are the very same.
 * @throws {BudgetSpentError} instead of making a call
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
