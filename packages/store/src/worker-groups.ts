import type { JobType } from '@promptq/shared/contracts';
import { keepCheckpoint, readCheckpoints, type Checkpoint } from './checkpoints/checkpoints.ts';
import {
  admitAttempt,
  recordFailure,
  recordSuccess,
  releaseAttempt,
  type CircuitPolicy,
} from './circuits/circuit.ts';
import { sweepIndexes } from './job-index/sweep-index.ts';
import { sweepOverdue } from './jobs/sweep-overdue.ts';
import { holdsLease, releaseLease, type LeaseName } from './leases/lease.ts';
import { sweepTenantSlots } from './limits/sweep-tenant-slots.ts';
import { cleanFinished } from './queues/clean.ts';
import { reserveRequest, settleTokens, type RateBudget } from './rate-budgets/reserve.ts';
import type { StoreContext } from './context.ts';
import { guardVerbs } from './guard-verbs.ts';

/** The verbs that only workers use, in their groups. */
export function workerGroups(context: StoreContext) {
  return {
    retention: guardVerbs({
      cleanFinished: (deadDeliverySeconds: number) => cleanFinished(context, deadDeliverySeconds),
      sweepIndexes: () => sweepIndexes(context),
      sweepOverdue: () => sweepOverdue(context),
      sweepTenantSlots: () => sweepTenantSlots(context),
    }),
    leases: guardVerbs({
      holds: (name: LeaseName, lease: { holder: string; ttlMs: number }) =>
        holdsLease(context, name, lease),
      release: (name: LeaseName, holder: string) => releaseLease(context, name, holder),
    }),
    circuits: guardVerbs({
      admit: (type: JobType, jobId: string, policy: CircuitPolicy) =>
        admitAttempt(context, type, jobId, policy),
      failed: (type: JobType, jobId: string, policy: CircuitPolicy) =>
        recordFailure(context, type, jobId, policy),
      succeeded: (type: JobType) => recordSuccess(context, type),
      release: (type: JobType, jobId: string) => releaseAttempt(context, type, jobId),
    }),
    rateBudgets: guardVerbs({
      reserve: (model: string, budget: RateBudget) => reserveRequest(context, model, budget),
      settle: (model: string, budget: RateBudget, spent: number) =>
        settleTokens(context, model, budget, spent),
    }),
    checkpoints: guardVerbs({
      read: (jobId: string) => readCheckpoints(context, jobId),
      keep: (jobId: string, step: string, checkpoint: Checkpoint) =>
        keepCheckpoint(context, jobId, step, checkpoint),
    }),
  };
}
