import type { Priority } from '@promptq/shared/contracts';

/**
 * The largest priority that BullMQ takes (https://docs.bullmq.io/guide/jobs/prioritized), and the smallest one of a job of
 * a batch: those wait until no job that was submitted alone does.
 */
export const maxPriority = 2 ** 21;
export const minBatchPriority = maxPriority - 16;

/** What BullMQ's score of a waiting job counts for each step of priority (`getPriorityScore`); the rest is arrival. */
export const scorePerPriority = 2 ** 32;
/** Where the scores of the jobs of batches begin. */
export const batchScore = minBatchPriority * scorePerPriority;

const classes: Record<Priority, number> = { high: 0, normal: 1, low: 2 };

/**
 * The priority of a job that was submitted alone, without fair share. It begins at 1: with 0, BullMQ would put the job into
 * a list, from which it is removed in O(n).
 */
export function priorityOf(priority: Priority): number {
  return 1 + classes[priority];
}

/** The priority of a job of a batch. */
export function batchPriorityOf(priority: Priority): number {
  return minBatchPriority + classes[priority];
}

/** For fair share, each class of priority is a band of so many tags; the bands follow one another. */
const bandWidth = Math.floor((minBatchPriority - 1) / Object.keys(classes).length);

/** What fair-priority.lua gives the priority of a job by. */
export interface FairPosition {
  band: number;
  width: number;
  step: number;
  score: number;
}

/** The position of a tenant's jobs of a class. @param weights of tenants with another weight than 1: whole numbers */
export function fairPosition(
  weights: ReadonlyMap<string, number>,
  tenant: string,
  priority: Priority,
): FairPosition {
  const unit = Math.max(1, ...weights.values());
  const step = Math.max(1, Math.round(unit / (weights.get(tenant) ?? 1)));
  return { band: classes[priority], width: bandWidth, step, score: scorePerPriority };
}
