import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Consumer } from '../bullmq-worker/consume-queue.ts';
import type { Settlement } from '../settlement/settlement.ts';
import { logFault, type Logger } from '@promptq/shared/logging';
import type { EventLoopDelay, EventLoopMonitor } from '@promptq/shared/metrics';

const pollIntervalMs = 15_000;
/** Work that could be done and is not done for so long means that this process is of no use any more. */
const stuckAfterMs = 60_000;
/** Longer, and locks are renewed late and timeouts fire late. */
const maxLoopDelayMs = 1_000;

/** What was seen of one thing that should go on. */
export interface Sample {
  /** Whether there is work that this process could do now. */
  couldWork: boolean;
  /** How much it has done in all. */
  done: number;
}

/** Since when nothing went on although it could: `sinceMs` is `null` while all is well. */
export interface Stall {
  done: number;
  sinceMs: number | null;
}

/** Judges by progress, not by whether anything answers: a process can answer and do nothing. */
export function nextStall(before: Stall, sample: Sample, nowMs: number): Stall {
  const isStalled = sample.couldWork && sample.done === before.done;
  return { done: sample.done, sinceMs: isStalled ? (before.sinceMs ?? nowMs) : null };
}

/** Whether it has stood still for too long. */
export function isStuck({ sinceMs }: Stall, nowMs: number): boolean {
  return sinceMs !== null && nowMs - sinceMs >= stuckAfterMs;
}

/** What takes work from a queue: jobs of a type, or webhooks. */
type Watched = Pick<Consumer, 'started' | 'redisErrorAtMs' | 'hasRoom'> & {
  /** The queue's name. */
  type: string;
  /** Only jobs wait for the upstream as a pool. */
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
  /** What stands still for a minute although it could go on, by name. */
  stuck(): string[];
  /** From here on nothing counts as stuck: a process that stops begins nothing new. */
  stop(): void;
}

/**
 * Looks every 15 s whether jobs are started while there are jobs and room, and whether settlement reads.
 * An outage of Redis is no standstill: starting the process again would not mend it. Warns of an event loop
 * that was blocked.
 */
export function startWatchdog(deps: Deps): Watchdog {
  const { redis, settlement, log } = deps;
  const stalls = new Map<string, Stall>();
  const unwatch = deps.eventLoop?.onWindow((delay) => warnOfDelay(delay, log));

  const record = (name: string, sample: Sample) => {
    const before = stalls.get(name) ?? { done: -1, sinceMs: null };
    const after = nextStall(before, sample, Date.now());
    if (isStuck(after, Date.now())) log.error({ name }, 'nothing goes on although it could');
    stalls.set(name, after);
  };
  const sample = async () => {
    // A Redis that is full or read-only refuses work as one that is away does.
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
    sample().catch((error: unknown) => logFault(log, error, 'progress could not be looked at'));
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

/** Whether jobs wait that this consumer has room for, and nobody has told the pool to wait. */
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
