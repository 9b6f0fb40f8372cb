import type { Queue } from 'bullmq';
import { readBatchRecord } from '@promptq/shared/batches';
import { describeError, logFault, type Logger } from '@promptq/shared/logging';
import { luaScript } from '@promptq/shared/redis';
import type { DeliveryData } from '@promptq/shared/webhooks';
import { announceEnds } from './announce-finished.ts';
import { releaseRequests, type BatchQueues } from './release-requests.ts';
import { cancelReleased } from './cancel-requests.ts';

/** How often a process tries to get the lease, and how often its holder checks while there are batches. */
const leaseIntervalMs = 1_000;
const pollIntervalMs = 100;
/** The duration of the lease, also after its holder died. */
const leaseMs = 5_000;
const maxBatchesPerRound = 1_000;

const renewScript = luaScript(
  'promptqRenewFeed',
  `
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
`,
);

const releaseScript = luaScript(
  'promptqGiveUpFeed',
  `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`,
);

interface Deps extends BatchQueues {
  deliveries: Pick<Queue<DeliveryData>, 'addBulk'>;
  workerName: string;
  log: Logger;
}

export interface Dispatcher {
  /** Finishes the current round and releases the lease. */
  stop(): Promise<void>;
}

/**
 * Turns the requests of batches into jobs, a window at a time. Any worker process can hold the lease, whatever types it
 * runs. The lease only saves work: two dispatchers would be slower but correct.
 */
export function startDispatcher(deps: Deps): Dispatcher {
  const { redis, keys, workerName, log } = deps;
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
        if (redis.status === 'ready' && (await holdsLease(deps)))
          isBusy = await dispatchRound(deps);
      } catch (error) {
        if (redis.status === 'ready')
          logFault(log, error, 'could not dispatch requests of batches; retrying');
        else log.debug({ error: describeError(error) }, 'lost Redis during a dispatch round');
      }
      if (!stop.signal.aborted) await pause(isBusy ? pollIntervalMs : leaseIntervalMs);
    }
  };
  const ended = loop();
  return {
    stop: async () => {
      stop.abort();
      wake.resolve();
      if (redis.status !== 'ready') return;
      await ended;
      await releaseScript(redis, [keys.feed], [workerName]);
    },
  };
}

async function holdsLease({ redis, keys, workerName }: Deps): Promise<boolean> {
  return (await renewScript(redis, [keys.feed], [workerName, leaseMs])) === 1;
}

/** One round. @returns whether there are batches that have not ended */
async function dispatchRound(deps: Deps): Promise<boolean> {
  const { redis, keys } = deps;
  await announceEnds(deps);
  const ids = await redis.zrange(keys.openBatches, '0', String(maxBatchesPerRound - 1));
  for (const id of ids) {
    const fields = await redis.hgetall(keys.batch(id));
    if (Object.keys(fields).length === 0) {
      await redis.zrem(keys.openBatches, id);
      continue;
    }
    const record = readBatchRecord(id, fields);
    await releaseRequests(deps, record);
    if (record.cancel_requested_at !== undefined && record.cancel_told === undefined) {
      await cancelReleased(deps, record);
    }
    // A round can outlast the lease.
    if (!(await holdsLease(deps))) return true;
  }
  return ids.length > 0;
}
