import { describeError, logFault, type Logger } from '@promptq/shared/logging';
import type { Store } from '@promptq/store';

/** How often a process asks for the lease, and how often the holder checks while there are batches. */
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
  /** Ends after the current round and releases the lease. */
  stop(): Promise<void>;
}

/**
 * Releases the requests of batches as jobs, a limited number at a time. Every worker process can do this, whatever its
 * job types are. A lease selects one, because two would repeat each other's work, although they would do no harm.
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
          logFault(log, error, 'could not release the requests of batches; retrying');
        else
          log.debug(
            { error: describeError(error) },
            'lost Redis while releasing the requests of batches',
          );
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
