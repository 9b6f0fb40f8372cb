import { auditVerbs } from './audit/verbs.ts';
import { batchVerbs } from './batches/verbs.ts';
import { boardVerbs } from './board/verbs.ts';
import { deliveryVerbs } from './deliveries/verbs.ts';
import { guardVerbs } from './guard-verbs.ts';
import type { AddLimits } from './jobs/add.ts';
import { jobVerbs } from './jobs/verbs.ts';
import { limitVerbs } from './limits/verbs.ts';
import { openContext, type OpenedContext, type StoreOptions } from './open-context.ts';
import { outputVerbs } from './output/verbs.ts';
import { queueVerbs } from './queues/verbs.ts';
import { workerGroups } from './worker-groups.ts';

const unlimited: AddLimits = {
  maxWaiting: Number.MAX_SAFE_INTEGER,
  maxOpenPerTenant: 0,
  tenantWeights: null,
};

/**
 * Opens the store: once per process. It returns at once; verbs throw `StoreUnavailableError` until Redis is there. Await
 * `start` before jobs are added.
 * @param options.limits what limits the jobs that are submitted alone; a process that submits none leaves it out
 */
export function openStore(options: StoreOptions & { limits?: AddLimits }) {
  return composeStore(openContext(options), options.limits ?? unlimited);
}

/** The verbs of the store, in the words of the field. */
export function composeStore(opened: OpenedContext, limits: AddLimits) {
  const { context } = opened;
  return {
    /**
     * Resolves when Redis is there, is one that promptq can work on, and holds data of this version.
     * @throws {DataVersionError} when it holds data of another version
     * @throws {Error} when promptq cannot work on it; the reason of `signal` when that aborts
     */
    start: opened.start,
    /** Whether the connection is usable. */
    isReady: opened.isReady,
    close: opened.close,
    /** Asks Redis for an answer. */
    ...guardVerbs({ ping: opened.ping }),
    jobs: jobVerbs(context, limits),
    batches: batchVerbs(context),
    deliveries: deliveryVerbs(context, opened.deliveries),
    audit: auditVerbs(context),
    output: outputVerbs(context),
    queues: queueVerbs(opened),
    limits: limitVerbs(context),
    subscriptions: opened.subscriptions.verbs,
    board: boardVerbs(context),
    ...workerGroups(context),
  };
}

export type Store = ReturnType<typeof openStore>;
