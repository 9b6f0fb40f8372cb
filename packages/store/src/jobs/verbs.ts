import type { JobSpec } from '@promptq/shared/jobs';
import type { StoreContext } from '../context.ts';
import { guardVerbs } from '../guard-verbs.ts';
import { listJobs, type JobQuery } from './list.ts';
import { addJob, type AddLimits, type Idempotency } from './add.ts';
import { cancelJob } from './cancel.ts';
import { findJob } from './find.ts';

/** `store.jobs`. */
export function jobVerbs(context: StoreContext, limits: AddLimits) {
  return guardVerbs({
    add: (spec: JobSpec, idempotency: Idempotency | null = null) =>
      addJob(context, limits, spec, idempotency),
    find: (id: string, tenant: string | null) => findJob(context, id, tenant),
    cancel: (id: string, tenant: string | null) => cancelJob(context, id, tenant),
    list: (query: JobQuery, signal: AbortSignal) => listJobs(context, query, signal),
  });
}
