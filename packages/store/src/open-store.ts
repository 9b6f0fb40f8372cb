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
 * Opens the store, once per process. It does not wait for Redis: verbs throw `StoreUnavailableError` until Redis is
 * reachable. Await `start` before adding jobs.
 * @param options.limits the limits for jobs that are submitted alone; not needed in a process that submits no jobs
 */
export function openStore(options: StoreOptions & { limits?: AddLimits }) {
  return composeStore(openContext(options), options.limits ?? unlimited);
}

/** Composes the verbs of the store. */
export function composeStore(opened: OpenedContext, limits: AddLimits) {
  const { context } = opened;
  return {
    /**
     * Resolves when Redis is reachable, is supported, and holds data of this version.
     * @throws {DataVersionError} when Redis holds data of another version
     * @throws {Error} when promptq does not support this Redis; the reason of `signal` when that aborts
     */
    start: opened.start,
    /** Whether the connection is usable. */
    isReady: opened.isReady,
    close: opened.close,
    /** Sends a PING to Redis. */
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
