import { describeError, logFault, type Logger } from '@promptq/shared/logging';
import type { Store } from '@promptq/store';

/** How often the process that holds the lease sweeps, and how often the others ask for it. */
const sweepIntervalMs = 45_000;
/**
 * A process that dies with the lease holds it for this long. So finished jobs are removed, and jobs that are overdue or
 * were removed by hand are noticed, at most two minutes late (this time plus the interval).
 */
const leaseMs = 60_000;

interface Deps {
  store: Pick<Store, 'isReady' | 'leases' | 'retention' | 'batches' | 'audit'>;
  /** How long a delivery that failed for good is kept. */
  deadDeliverySeconds: number;
  workerName: string;
  log: Logger;
}

/**
 * Removes data that is past its retention, and corrects the counts of batches and tenants for jobs that were removed by
 * hand. BullMQ removes finished jobs only when another job finishes, so the last jobs of a quiet queue would stay, with
 * their prompts.
 * @returns a function that stops the sweeper
 */
export function startSweeper(deps: Deps): () => void {
  const { store, log } = deps;
  let isSweeping = false;
  const timer = setInterval(() => {
    if (isSweeping || !store.isReady()) return;
    isSweeping = true;
    sweepIfLeader(deps)
      .catch((error: unknown) => {
        if (store.isReady()) logFault(log, error, 'a sweep failed; it will be repeated');
        else log.debug({ error: describeError(error) }, 'lost Redis during a sweep');
      })
      .finally(() => {
        isSweeping = false;
      });
  }, sweepIntervalMs);
  return () => clearInterval(timer);
}

/** Sweeps when no other process holds the lease. */
export async function sweepIfLeader(deps: Deps): Promise<void> {
  const { store, workerName, log } = deps;
  if (!(await store.leases.holds('sweep', { holder: workerName, ttlMs: leaseMs }))) return;
  const overdue = await store.retention.sweepOverdue();
  if (overdue > 0) log.info({ jobs: overdue }, 'expired overdue jobs');
  for (const removed of await store.retention.cleanFinished(deps.deadDeliverySeconds)) {
    log.info(removed, 'removed finished jobs');
  }
  // After the jobs, so that jobs that were just removed also leave the index.
  await store.retention.sweepIndexes();
  await store.audit.trim();
  const freed = await store.retention.sweepTenantSlots();
  if (freed > 0) log.info({ jobs: freed }, 'freed the slots of jobs that were removed by hand');
  const corrected = await store.batches.correctRemoved();
  if (corrected > 0)
    log.info({ jobs: corrected }, 'failed requests of batches whose jobs were removed by hand');
}
