import type { Priority } from '@promptq/shared/contracts';

/**
 * The largest priority that BullMQ accepts (https://docs.bullmq.io/guide/jobs/prioritized), and the smallest priority
 * of a job of a batch. Jobs of batches start only when no job that was submitted alone is waiting.
 */
const maxPriority = 2 ** 21;
export const minBatchPriority = maxPriority - 16;

/**
 * BullMQ's score of a waiting job is its priority times this, plus a counter for the order of arrival
 * (`getPriorityScore`).
 */
export const scorePerPriority = 2 ** 32;
/** The smallest score of a job of a batch. */
export const batchScore = minBatchPriority * scorePerPriority;

const classes: Record<Priority, number> = { high: 0, normal: 1, low: 2 };

/**
 * The priority of a job that was submitted alone, without fair share. The smallest is 1, because BullMQ puts a job with
 * priority 0 into a list, from which it is removed in O(n).
 */
export function priorityOf(priority: Priority): number {
  return 1 + classes[priority];
}

/** The priority of a job of a batch. */
export function batchPriorityOf(priority: Priority): number {
  return minBatchPriority + classes[priority];
}

/** For fair share, each class of priority is a band with this number of tags. The bands follow one another. */
const bandWidth = Math.floor((minBatchPriority - 1) / Object.keys(classes).length);

/** The input of fair-priority.lua for one job. */
export interface FairPosition {
  band: number;
  width: number;
  step: number;
  score: number;
}

/**
 * The position of a tenant's jobs of a class.
 * @param weights whole numbers; a tenant that is not listed has the weight 1
 */
export function fairPosition(
  weights: ReadonlyMap<string, number>,
  tenant: string,
  priority: Priority,
): FairPosition {
  const unit = Math.max(1, ...weights.values());
  const step = Math.max(1, Math.round(unit / (weights.get(tenant) ?? 1)));
  return { band: classes[priority], width: bandWidth, step, score: scorePerPriority };
}
