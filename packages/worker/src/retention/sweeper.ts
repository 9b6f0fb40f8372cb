import { describeError, logFault, type Logger } from '@promptq/shared/logging';
import type { Store } from '@promptq/store';

/** How often the process that holds the lease sweeps, and how often the others ask for it. */
const sweepIntervalMs = 45_000;
/**
 * A process that dies with the lease holds it for this long. Together with the interval this bounds how late a job is
 * removed, and how late it is noticed that a job was removed by hand or is overdue: two minutes.
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
 * Removes what is no longer kept and corrects what removed jobs still count in. BullMQ removes finished jobs only when
 * another job finishes, so the last jobs of a quiet queue would stay, and their prompts with them.
 * @returns stops it
 */
export function startSweeper(deps: Deps): () => void {
  const { store, log } = deps;
  let isSweeping = false;
  const timer = setInterval(() => {
    if (isSweeping || !store.isReady()) return;
    isSweeping = true;
    sweepIfLeader(deps)
      .catch((error: unknown) => {
        if (store.isReady()) logFault(log, error, 'the sweep failed; it is repeated');
        else log.debug({ error: describeError(error) }, 'Redis went away during a sweep');
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
  if (overdue > 0) log.info({ jobs: overdue }, 'expired jobs that had not started in time');
  for (const removed of await store.retention.cleanFinished(deps.deadDeliverySeconds)) {
    log.info(removed, 'removed finished jobs');
  }
  // After the jobs: what was removed just now leaves the index with them.
  await store.retention.sweepIndexes();
  await store.audit.trim();
  const freed = await store.retention.sweepTenantSlots();
  if (freed > 0) log.info({ jobs: freed }, 'freed the slots of jobs that were removed');
  const corrected = await store.batches.correctRemoved();
  if (corrected > 0)
    log.info({ jobs: corrected }, 'failed requests of batches whose jobs were removed');
}
