import type { JobType } from '@promptq/shared/contracts';
import { logFault, type Logger } from '@promptq/shared/logging';
import type { EventLoopDelay, EventLoopMonitor } from '@promptq/shared/metrics';
import type { webhooksQueue } from '@promptq/shared/webhooks';
import type { Store } from '@promptq/store';
import type { Consumer } from '../bullmq-worker/consume-queue.ts';

const pollIntervalMs = 15_000;
/** A process that could work and does not for this long must be restarted. */
const stuckAfterMs = 60_000;
/** With a longer delay, locks are renewed late and timeouts fire late. */
const maxLoopDelayMs = 1_000;

/** One observation of a consumer. */
export interface Sample {
  /** Whether this process could work now. */
  couldWork: boolean;
  /** How much work it has done in total. */
  done: number;
}

/** Since when there has been no progress although there is work; `sinceMs` is `null` if there is none to report. */
export interface Stall {
  done: number;
  sinceMs: number | null;
}

/** Judges by progress, not by whether the process answers: it can answer and do nothing. */
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
  /** Only jobs wait for the upstream as a pool. */
  isPoolPaused?: Consumer['isPoolPaused'];
};

interface Deps {
  store: Pick<Store, 'isReady' | 'queues'>;
  consumers: Watched[];
  eventLoop: EventLoopMonitor | undefined;
  log: Logger;
}

export interface Watchdog {
  /** The names of the consumers without progress for a minute although there is work. */
  stuck(): string[];
  /** Stops the checks. A stopping process starts no work, so nothing counts as stuck. */
  stop(): void;
}

/**
 * Checks every 15 s whether jobs are started while jobs wait and there is room. An outage of Redis does not count: starting
 * the process again would not end it. Warns when the event loop was blocked.
 */
export function startWatchdog(deps: Deps): Watchdog {
  const { store, consumers, log } = deps;
  const stalls = new Map<string, Stall>();
  const unwatch = deps.eventLoop?.onWindow((delay) => warnOfDelay(delay, log));

  const record = (name: string, sample: Sample) => {
    const before = stalls.get(name) ?? { done: -1, sinceMs: null };
    const after = nextStall(before, sample, Date.now());
    if (isStuck(after, Date.now())) log.error({ name }, 'jobs wait and none is started');
    stalls.set(name, after);
  };
  const sample = async () => {
    // A Redis that is full or read-only refuses work as one that is away does.
    const redisErrorAtMs = Math.max(0, ...consumers.map((consumer) => consumer.redisErrorAtMs()));
    const isReachable = store.isReady() && Date.now() - redisErrorAtMs > 2 * pollIntervalMs;
    for (const consumer of consumers) {
      const couldWork = isReachable && (await hasWork(store, consumer));
      record(consumer.type, { couldWork, done: consumer.started() });
    }
  };
  const timer = setInterval(() => {
    sample().catch((error: unknown) =>
      logFault(log, error, 'the progress of this process could not be checked'),
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

/** Whether jobs wait that this consumer has room for, and the pool is not paused. */
async function hasWork({ queues }: Pick<Store, 'queues'>, consumer: Watched): Promise<boolean> {
  if (!consumer.hasCapacity() || (await consumer.isPoolPaused?.())) return false;
  return queues.hasWaitingJobs(consumer.type);
}

function warnOfDelay({ maxMs, p99Ms }: EventLoopDelay, log: Logger): void {
  if (maxMs <= maxLoopDelayMs) return;
  log.warn({ max_ms: Math.round(maxMs), p99_ms: Math.round(p99Ms) }, 'the event loop was blocked');
}
