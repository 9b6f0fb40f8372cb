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
