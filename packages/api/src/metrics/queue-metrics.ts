import type { Redis } from 'ioredis';
import { Gauge, type Registry } from 'prom-client';
import { jobTypes } from '@promptq/shared/contracts';
import { describeError, type Logger } from '@promptq/shared/logging';
import { readQueueState, type QueueSnapshot } from '@promptq/shared/queues';
import type { RedisKeys } from '@promptq/shared/redis';
import { webhooksQueue } from '@promptq/shared/webhooks';

const queues = [...jobTypes, webhooksQueue];
/** Scrapes that are closer together get the same answer: Redis is asked once a second at most. */
const freshMs = 1_000;

type Snapshots = Map<string, QueueSnapshot>;

interface Deps {
  registry: Registry;
  redis: Redis;
  keys: RedisKeys;
  log: Logger;
}

/**
 * The gauges of the queues. They describe Redis, so every API process tells the same: aggregate them with
 * `max`, never with `sum`. Without Redis there are none, and `promptq_redis_up` is 0.
 */
export function watchQueues({ registry, redis, keys, log }: Deps): void {
  const snapshots = cached(async () => {
    const nowMs = Date.now();
    const answers = await Promise.all(
      queues.map((queue) => readQueueState(redis, keys, queue, nowMs)),
    );
    return new Map(queues.map((queue, at) => [queue, answers[at] as QueueSnapshot]));
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
        // A value from before an outage would look like one of now.
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
  gauge(
    {
      name: 'promptq_settlement_backlog_events',
      help: 'Events of finished and other jobs that settlement has not dealt with.',
      labelNames: ['queue'],
    },
    (made, known) => {
      for (const type of jobTypes) {
        const snapshot = known?.get(type);
        if (snapshot) made.set({ queue: type }, snapshot.unsettledEvents);
      }
    },
  );
}

/** Asks once for everyone who wants to know at the same time, or within `freshMs`. `null`: Redis has no answer. */
function cached(ask: () => Promise<Snapshots>, log: Logger): () => Promise<Snapshots | null> {
  let readAtMs = -Infinity;
  let answer: Promise<Snapshots | null> = Promise.resolve(null);
  return () => {
    if (performance.now() - readAtMs < freshMs) return answer;
    readAtMs = performance.now();
    answer = ask().catch((error: unknown) => {
      // The scrape itself tells of it; the connection has logged the outage.
      log.debug({ error: describeError(error) }, 'could not read the state of the queues');
      return null;
    });
    return answer;
  };
}
