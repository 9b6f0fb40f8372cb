import type { JobType } from '@promptq/shared/contracts';
import { logFault, type Logger } from '@promptq/shared/logging';
import type { EventLoopDelay, EventLoopMonitor } from '@promptq/shared/metrics';
import type { webhooksQueue } from '@promptq/shared/webhooks';
import type { Store } from '@promptq/store';
import type { Consumer } from '../bullmq-worker/consume-queue.ts';

const pollIntervalMs = 15_000;
/** A process that has work but makes no progress for this long must be restarted. */
const stuckAfterMs = 60_000;
/** A longer delay of the event loop is logged, because locks are then renewed late and timeouts fire late. */
const maxLoopDelayMs = 1_000;

/** One observation of a consumer. */
export interface Sample {
  /** Whether this process could work now. */
  couldWork: boolean;
  /** How many jobs it has started in total. */
  done: number;
}

/** A stall: since when there has been no progress although there is work; `sinceMs` is `null` if there is progress. */
export interface Stall {
  done: number;
  sinceMs: number | null;
}

/** Detects a stall from the lack of progress, because a process can answer requests and still do no work. */
export function nextStall(before: Stall, sample: Sample, nowMs: number): Stall {
  const isStalled = sample.couldWork && sample.done === before.done;
  return { done: sample.done, sinceMs: isStalled ? (before.sinceMs ?? nowMs) : null };
}

/** Whether the stall has lasted too long. */
export function isStuck({ sinceMs }: Stall, nowMs: number): boolean {
  return sinceMs !== null && nowMs - sinceMs >= stuckAfterMs;
}

/** A consumer of a queue: jobs of a type, or webhooks. */
type Watched = Pick<Consumer, 'started' | 'redisErrorAtMs' | 'hasCapacity'> & {
  type: JobType | typeof webhooksQueue;
  /** Absent for webhooks, which have no pool. */
  isPoolPaused?: Consumer['isPoolPaused'];
};

interface Deps {
  store: Pick<Store, 'isReady' | 'queues'>;
  consumers: Watched[];
  eventLoop: EventLoopMonitor | undefined;
  log: Logger;
}

export interface Watchdog {
  /** The names of the consumers that have made no progress for a minute although there is work. */
  stuck(): string[];
  /** Stops the checks. A stopping process starts no work, so nothing counts as stuck. */
  stop(): void;
}

/**
 * Checks every 15 s whether a consumer with waiting jobs and free slots starts jobs. An outage of Redis does not count,
 * because a restart would not end it. The watchdog also warns when the event loop was blocked.
 */
export function startWatchdog(deps: Deps): Watchdog {
  const { store, consumers, log } = deps;
  const stalls = new Map<string, Stall>();
  const unwatch = deps.eventLoop?.onWindow((delay) => warnOfDelay(delay, log));

  const record = (name: string, sample: Sample) => {
    const before = stalls.get(name) ?? { done: -1, sinceMs: null };
    const after = nextStall(before, sample, Date.now());
    if (isStuck(after, Date.now()))
      log.error({ name }, 'jobs are waiting, but this process has started none for a minute');
    stalls.set(name, after);
  };
  const sample = async () => {
    // A Redis that is full or read-only counts as an outage, too.
    const redisErrorAtMs = Math.max(0, ...consumers.map((consumer) => consumer.redisErrorAtMs()));
    const isReachable = store.isReady() && Date.now() - redisErrorAtMs > 2 * pollIntervalMs;
    for (const consumer of consumers) {
      const couldWork = isReachable && (await hasWork(store, consumer));
      record(consumer.type, { couldWork, done: consumer.started() });
    }
  };
  const timer = setInterval(() => {
    sample().catch((error: unknown) =>
      logFault(log, error, 'could not check the progress of this process'),
    );
  }, pollIntervalMs);
  return {
    stuck: () =>
      [...stalls].filter(([, stall]) => isStuck(stall, Date.now())).map(([name]) => name),
    stop: () => {
      clearInterval(timer);
      stalls.clear();
      unwatch?.();
    },
  };
}

/** Whether the consumer could start a job: it has a free slot, jobs are waiting, and the pool is not paused. */
async function hasWork({ queues }: Pick<Store, 'queues'>, consumer: Watched): Promise<boolean> {
  if (!consumer.hasCapacity() || (await consumer.isPoolPaused?.())) return false;
  return queues.hasWaitingJobs(consumer.type);
}

function warnOfDelay({ maxMs, p99Ms }: EventLoopDelay, log: Logger): void {
  if (maxMs <= maxLoopDelayMs) return;
  log.warn({ max_ms: Math.round(maxMs), p99_ms: Math.round(p99Ms) }, 'the event loop was blocked');
}
