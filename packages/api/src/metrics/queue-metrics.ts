import { Gauge, type Registry } from 'prom-client';
import { jobTypes } from '@promptq/shared/contracts';
import { describeError, type Logger } from '@promptq/shared/logging';
import { webhooksQueue } from '@promptq/shared/webhooks';
import type { QueueSnapshot, Store } from '@promptq/store';

const queues = [...jobTypes, webhooksQueue] as const;
/** Redis is read at most once in this time. Scrapes that are closer together get the same values. */
const freshMs = 1_000;

type Snapshots = Map<string, QueueSnapshot>;

interface Deps {
  registry: Registry;
  store: Pick<Store, 'queues'>;
  log: Logger;
}

/**
 * Adds the gauges of the queues. They describe Redis, so every API process reports the same values: aggregate them with
 * `max`, never with `sum`. While Redis is unavailable, they have no values and `promptq_redis_up` is 0.
 */
export function watchQueues({ registry, store, log }: Deps): void {
  const snapshots = cached(async () => {
    const states = await Promise.all(queues.map((queue) => store.queues.readState(queue)));
    return new Map(queues.map((queue, at) => [queue, states[at] as QueueSnapshot]));
  }, log);
  const gauge = (
    config: { name: string; help: string; labelNames?: string[] },
    set: (gauge: Gauge, snapshots: Snapshots | null) => void,
  ) => {
    const made: Gauge = new Gauge({
      ...config,
      registers: [registry],
      collect: async () => {
        const known = await snapshots();
        // A value from before an outage would look current.
        made.reset();
        set(made, known);
      },
    });
  };
  const queueGauge = (name: string, help: string, valueOf: (queue: QueueSnapshot) => number) =>
    gauge({ name, help, labelNames: ['queue'] }, (made, known) => {
      for (const [queue, snapshot] of known ?? []) made.set({ queue }, valueOf(snapshot));
    });

  gauge({ name: 'promptq_redis_up', help: 'Whether Redis answers this process.' }, (made, known) =>
    made.set(known ? 1 : 0),
  );
  gauge(
    {
      name: 'promptq_queue_jobs',
      help: 'Jobs in Redis by queue and state; those of webhooks are deliveries. Completed and failed are the ones still kept.',
      labelNames: ['queue', 'state'],
    },
    (made, known) => {
      for (const [queue, { jobs }] of known ?? []) {
        for (const [state, count] of Object.entries(jobs)) made.set({ queue, state }, count);
      }
    },
  );
  queueGauge(
    'promptq_queue_oldest_waiting_age_seconds',
    'Age of the oldest job that could start; 0 if none is waiting.',
    ({ oldestWaitingMs }) => oldestWaitingMs / 1_000,
  );
  queueGauge('promptq_queue_paused', 'Whether an operator has paused the queue.', ({ isPaused }) =>
    isPaused ? 1 : 0,
  );
  queueGauge(
    'promptq_pool_pause_remaining_seconds',
    'Remaining pause of the worker pool; 0 if it is not paused.',
    ({ poolPauseMs }) => poolPauseMs / 1_000,
  );
}

/** Shares one read between all callers within `freshMs`. `null`: Redis is not available. */
function cached(read: () => Promise<Snapshots>, log: Logger): () => Promise<Snapshots | null> {
  let readAtMs = -Infinity;
  let snapshots: Promise<Snapshots | null> = Promise.resolve(null);
  return () => {
    if (performance.now() - readAtMs < freshMs) return snapshots;
    readAtMs = performance.now();
    snapshots = read().catch((error: unknown) => {
      // `promptq_redis_up` shows the outage, and the connection has logged it.
      log.debug({ error: describeError(error) }, 'could not read the state of the queues');
      return null;
    });
    return snapshots;
  };
}
