import type { Complete } from '../upstream/complete.ts';
import type { UpstreamBudget } from './upstream-budgets.ts';

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
