import { describeError, logFault, type Logger } from '@promptq/shared/logging';
import type { Store } from '@promptq/store';

/** How often a process asks for the lease, and how often the holder looks while there are batches. */
const leaseIntervalMs = 1_000;
const pollIntervalMs = 100;
/** A process that dies with the lease holds it for this long. */
const leaseMs = 5_000;
const maxBatchesPerRound = 1_000;

interface Deps {
  store: Pick<Store, 'isReady' | 'leases' | 'batches'>;
  workerName: string;
  log: Logger;
}

export interface Dispatcher {
  /** Ends after the round that is under way and leaves the lease to another process. */
  stop(): Promise<void>;
}

/**
 * Releases the requests of batches as jobs, a window at a time. Every worker process can, whatever types it runs, and one
 * does: two would do no harm, but would repeat each other's work.
 */
export function startDispatcher(deps: Deps): Dispatcher {
  const { store, workerName, log } = deps;
  const stop = new AbortController();
  const wake = Promise.withResolvers<void>();
  const pause = (ms: number) =>
    Promise.race([
      wake.promise,
      new Promise<void>((resolve) => {
        setTimeout(resolve, ms).unref();
      }),
    ]);
  const loop = async () => {
    while (!stop.signal.aborted) {
      let isBusy = false;
      try {
        if (store.isReady() && (await holdsLease(deps))) isBusy = await dispatchRound(deps);
      } catch (error) {
        if (store.isReady())
          logFault(log, error, 'requests of batches could not be released; trying again');
        else log.debug({ error: describeError(error) }, 'Redis went away during a round');
      }
      if (!stop.signal.aborted) await pause(isBusy ? pollIntervalMs : leaseIntervalMs);
    }
  };
  const ended = loop();
  return {
    stop: async () => {
      stop.abort();
      wake.resolve();
      if (!store.isReady()) return;
      await ended;
      await store.leases.release('dispatch', workerName);
    },
  };
}

function holdsLease({ store, workerName }: Deps): Promise<boolean> {
  return store.leases.holds('dispatch', { holder: workerName, ttlMs: leaseMs });
}

/** One round. @returns whether there are unfinished batches */
async function dispatchRound(deps: Deps): Promise<boolean> {
  const { batches } = deps.store;
  const ids = await batches.openIds(maxBatchesPerRound);
  for (const id of ids) {
    const record = await batches.readOpen(id);
    if (record === null) continue;
    await batches.release(record);
    if (record.cancel_requested_at !== undefined) await batches.cancelReleased(record);
    // A round can take longer than the lease lasts.
    if (!(await holdsLease(deps))) return true;
  }
  return ids.length > 0;
}
