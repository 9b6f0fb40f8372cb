import type { JobType } from '@promptq/shared/contracts';
import type { StoreContext } from '../context.ts';
import { pausedMark } from '../queues/pause-pool.ts';
import { queueNameOf } from '../queues/registry.ts';
import { defineScript } from '../scripts/script.ts';

/**
 * The circuit of a queue: when the upstream fails so many attempts in a row, across all workers of the queue, it is left
 * alone for a while and then tried by one attempt, the probe. Its state is in Redis because a streak goes across the pool;
 * the libraries for circuits keep theirs in one process. It pauses the pool as a 429 does: see queues/pause-pool.ts.
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
  /** Failures that are further apart do not belong together. */
  streakWindowMs: number;
  /** A probe that does not end within this was lost with its process. */
  probeMs: number;
  /** After this, others ask again whether the probe has ended. */
  retryDelayMs: number;
}

/** @returns 0 when the attempt may call the upstream; else after how many milliseconds to ask again */
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
 * @returns for how many milliseconds the pool is paused now, `null` while the circuit is closed; whether this began the pause
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

/** Records that the upstream has answered, even if it refused this one request: the circuit is closed. */
export async function recordSuccess(context: StoreContext, type: JobType): Promise<void> {
  const [failures, probe] = keysOf(context, type);
  await context.redis.del(failures, probe);
}

/** Records that an attempt ended for another reason: cancelled, interrupted, ... If it was the probe, another job may be. */
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
