import type { JobType } from '@promptq/shared/contracts';
import type { StoreContext } from '../context.ts';
import { pausedMark } from '../queues/pause-pool.ts';
import { queueNameOf } from '../queues/registry.ts';
import { defineScript } from '../scripts/script.ts';

/**
 * The circuit breaker of a queue. After a number of consecutive failures of the upstream, across all workers of the
 * queue, the pool pauses. Then one attempt, the probe, tries the upstream. The state is in Redis, because the failures
 * of all workers count together; libraries keep it in one process. The pool pauses as for a 429: see
 * queues/pause-pool.ts.
 */
const fail = defineScript(import.meta.url, 'fail');
const admit = defineScript(import.meta.url, 'admit');
const releaseProbe = defineScript(import.meta.url, 'release-probe');

/** When the circuit opens and for how long. All times are in milliseconds. */
export interface CircuitPolicy {
  /** Failures in a row that open it. */
  threshold: number;
  firstPauseMs: number;
  maxPauseMs: number;
  /** A streak ends after this time without a failure. */
  streakWindowMs: number;
  /** A probe that has not ended after this time counts as lost with its process. */
  probeMs: number;
  /** Other attempts ask again after this time whether the probe has ended. */
  retryDelayMs: number;
}

/** @returns 0 when the attempt may call the upstream; otherwise the milliseconds after which to ask again */
export async function admitAttempt(
  context: StoreContext,
  type: JobType,
  jobId: string,
  { threshold, probeMs, retryDelayMs }: CircuitPolicy,
): Promise<number> {
  const control = {
    id: jobId,
    threshold,
    probe: probeMs,
    retry: retryDelayMs,
    paused_mark: pausedMark,
  };
  return Number(await admit(context.redis, { keys: keysOf(context, type), control }));
}

/**
 * Records that an attempt failed because of the upstream.
 * @returns the remaining pause of the pool in milliseconds, or `null` while the circuit is closed; and whether this
 *   call began the pause
 */
export async function recordFailure(
  context: StoreContext,
  type: JobType,
  jobId: string,
  { threshold, firstPauseMs, maxPauseMs, streakWindowMs }: CircuitPolicy,
): Promise<{ pauseMs: number | null; isNew: boolean }> {
  const [pauseMs, isNew] = (await fail(context.redis, {
    keys: keysOf(context, type),
    control: {
      id: jobId,
      threshold,
      first: firstPauseMs,
      max: maxPauseMs,
      streak: streakWindowMs,
      paused_mark: pausedMark,
    },
  })) as [number, number];
  return { pauseMs: pauseMs < 0 ? null : pauseMs, isNew: isNew === 1 };
}

/** Records that the upstream answered, even if it rejected the request. This closes the circuit. */
export async function recordSuccess(context: StoreContext, type: JobType): Promise<void> {
  const [failures, probe] = keysOf(context, type);
  await context.redis.del(failures, probe);
}

/**
 * Records that an attempt ended for another reason, for example a cancellation. If it was the probe, another job may
 * probe.
 */
export async function releaseAttempt(
  context: StoreContext,
  type: JobType,
  jobId: string,
): Promise<void> {
  const [, probe] = keysOf(context, type);
  await releaseProbe(context.redis, { keys: [probe], control: { id: jobId } });
}

function keysOf(
  { keys }: StoreContext,
  type: JobType,
): [failures: string, probe: string, limiter: string] {
  const queue = queueNameOf(type);
  return [keys.circuitFailures(queue), keys.circuitProbe(queue), keys.queueKey(queue, 'limiter')];
}
