import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Consumer } from '../bullmq-worker/consume-queue.ts';
import type { Settlement } from '../settlement/settlement.ts';
import { logFault, type Logger } from '@promptq/shared/logging';
import type { EventLoopDelay, EventLoopMonitor } from '@promptq/shared/metrics';

const pollIntervalMs = 15_000;
/** A process that could work and does not for this long must be restarted. */
const stuckAfterMs = 60_000;
/** With a longer delay, locks are renewed late and timeouts fire late. */
const maxLoopDelayMs = 1_000;

/** One observation of a consumer or of settlement. */
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

/** Judges by progress, because a process can answer and still do nothing. */
export function nextStall(before: Stall, sample: Sample, nowMs: number): Stall {
  const isStalled = sample.couldWork && sample.done === before.done;
  return { done: sample.done, sinceMs: isStalled ? (before.sinceMs ?? nowMs) : null };
}

/** Whether the stall has lasted too long. */
export function isStuck({ sinceMs }: Stall, nowMs: number): boolean {
  return sinceMs !== null && nowMs - sinceMs >= stuckAfterMs;
}

/** A consumer of a queue: jobs of a type, or webhooks. */
type Watched = Pick<Consumer, 'started' | 'redisErrorAtMs' | 'hasRoom'> & {
  /** The queue's name. */
  type: string;
  /** Only the pools of jobs pause for the upstream. */
  isPoolPaused?: Consumer['isPoolPaused'];
};

interface Deps {
  redis: Redis;
  consumers: Watched[];
  queues: Pick<Queue, 'name' | 'getJobCounts' | 'isPaused'>[];
  settlement: Pick<Settlement, 'reads' | 'redisErrorAtMs'>;
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
 * Checks every 15 s whether jobs start while there are jobs and free slots, and whether settlement reads. An outage of
 * Redis is not a stall, because a restart would not help. Warns when the event loop was blocked.
 */
export function startWatchdog(deps: Deps): Watchdog {
  const { redis, settlement, log } = deps;
  const stalls = new Map<string, Stall>();
  const unwatch = deps.eventLoop?.onWindow((delay) => warnOfDelay(delay, log));

  const record = (name: string, sample: Sample) => {
    const before = stalls.get(name) ?? { done: -1, sinceMs: null };
    const after = nextStall(before, sample, Date.now());
    if (isStuck(after, Date.now())) log.error({ name }, 'no progress although there is work');
    stalls.set(name, after);
  };
  const sample = async () => {
    // A Redis that is full or read-only counts as unavailable.
    const redisErrorAtMs = Math.max(
      settlement.redisErrorAtMs(),
      ...deps.consumers.map((consumer) => consumer.redisErrorAtMs()),
    );
    const isReachable =
      redis.status === 'ready' && Date.now() - redisErrorAtMs > 2 * pollIntervalMs;
    record('settlement', { couldWork: isReachable, done: settlement.reads() });
    for (const consumer of deps.consumers) {
      const couldWork = isReachable && (await hasWork(deps, consumer));
      record(consumer.type, { couldWork, done: consumer.started() });
    }
  };
  const timer = setInterval(() => {
    sample().catch((error: unknown) => logFault(log, error, 'could not check for progress'));
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

/** Whether jobs wait, this consumer has a free slot, and neither the pool nor the queue is paused. */
async function hasWork({ queues }: Deps, consumer: Watched): Promise<boolean> {
  const queue = queues.find(({ name }) => name === consumer.type);
  if (
    !queue ||
    !consumer.hasRoom() ||
    (await consumer.isPoolPaused?.()) ||
    (await queue.isPaused())
  ) {
    return false;
  }
  const { waiting = 0, prioritized = 0 } = await queue.getJobCounts('waiting', 'prioritized');
  return waiting + prioritized > 0;
}

function warnOfDelay({ maxMs, p99Ms }: EventLoopDelay, log: Logger): void {
  if (maxMs <= maxLoopDelayMs) return;
  log.warn({ max_ms: Math.round(maxMs), p99_ms: Math.round(p99Ms) }, 'the event loop was blocked');
}
