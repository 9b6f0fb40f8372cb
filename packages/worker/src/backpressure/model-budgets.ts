import { z } from 'zod';

/** The limit per minute of each model; `everyOther` applies to models without an entry. */
export type ModelBudgets = ReadonlyMap<string, number>;

const everyOther = '*';
const maxBudget = 1_000_000_000;
const error = `must be a whole number from 0 (off) to ${maxBudget}, or a comma-separated list of <model>:<number from 1>, each model once, with * for all other models`;

/**
 * A budget in an environment variable: one number for every model, or `model:number` pairs. A model's name may contain
 * colons (`ft:gpt-4o-mini:org`), so the last colon separates it from the number. No budget is an empty map.
 */
export const modelBudgets = z
  .string()
  .transform((text, context): ModelBudgets => {
    const budgets = readBudgets(text);
    if (budgets) return budgets;
    context.addIssue({ code: 'custom', message: error });
    return z.NEVER;
  })
  .default(() => new Map());

/** The budget of a model, or `null` when it has none. */
export function budgetOf(budgets: ModelBudgets, model: string): number | null {
  return budgets.get(model) ?? budgets.get(everyOther) ?? null;
}

/** @returns `null` if the text is invalid */
function readBudgets(text: string): ModelBudgets | null {
  const forAll = readNumber(text);
  if (forAll !== null) return new Map(forAll === 0 ? [] : [[everyOther, forAll]]);
  const budgets = new Map<string, number>();
  for (const pair of text.split(',')) {
    const at = pair.lastIndexOf(':');
    const model = pair.slice(0, Math.max(0, at)).trim();
    const budget = readNumber(pair.slice(at + 1));
    if (model === '' || budgets.has(model) || !budget) return null;
    budgets.set(model, budget);
  }
  return budgets;
}

function readNumber(text: string): number | null {
  const digits = text.trim();
  return /^\d{1,10}$/.test(digits) && Number(digits) <= maxBudget ? Number(digits) : null;
}
