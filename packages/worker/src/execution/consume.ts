import { ErrorCode, Worker } from 'bullmq';
import { ReplyError, type Redis } from 'ioredis';
import type { JobType } from '@promptq/shared/contracts';
import { logFault, type Logger } from '@promptq/shared/logging';
import type { JobData, JobResult } from '@promptq/shared/queues';
import { redisKeys } from '@promptq/shared/redis';
import { countTroubles } from '../metrics/count-troubles.ts';
import type { AttemptMetrics } from '../metrics/attempt-metrics.ts';
import type { Tracing } from '@promptq/shared/tracing';
import type { WorkerSettings } from '../settings.ts';
import type { Attempt } from './attempt.ts';
import type { Suspects } from './suspects.ts';
import type { Cancellations } from './cancellations.ts';
import { noCircuit, poolCircuit } from './circuit.ts';
import { poolPause } from './pool-pause.ts';
import { runJob, type Processor } from './run-job.ts';

const lockMs = 30_000;
const stalledCheckEveryMs = 15_000;
/**
 * With BullMQ's default of 1, eight kills of workers failed 2 to 8 innocent jobs of 3,000. A job that
 * kills its worker each time still ends after four of them.
 */
const maxStalls = 3;
/** After an outage of Redis, ask again within a second; BullMQ's default is 15 s. */
const retryAfterErrorMs = 1_000;
/**
 * No limit of its own, but BullMQ looks at the pause of the pool (see pool-pause.ts) only in workers that
 * have a limiter: its script getRateLimitTTL.
 */
const limiter = { max: Number.MAX_SAFE_INTEGER, duration: 1_000 };
/** Kept back from the grace to hand unfinished jobs back and close. */
const handBackMs = 3_000;

interface Needs {
  type: JobType;
  process: Processor;
  redis: Redis;
  settings: WorkerSettings;
  workerName: string;
  log: Logger;
  cancellations: Pick<Cancellations, 'isCancelled'>;
  metrics: AttemptMetrics;
  tracing: Pick<Tracing, 'bullmq'> | null;
  /** One for the process, whatever the type: a process dies as a whole. */
  suspects: Suspects;
}

export interface Consumer {
  type: JobType;
  isRunning(): boolean;
  /** How many attempts were begun here. */
  started(): number;
  /** When Redis last answered with an error: full, read-only, ... */
  refusedAtMs(): number;
  /** Whether another job could be begun here. */
  hasRoom(): boolean;
  /** Whether all workers of this type are waiting for the upstream. */
  isPoolPaused(): Promise<boolean>;
  /** The jobs that are being worked on here. */
  activeJobIds(): string[];
  /** Aborts the attempt at this job, if it is one of them. */
  cancel(jobId: string): void;
  /** Fetches no more and resolves when no job is active here: finished, or handed back when time runs short. */
  close(endsAtMs: number): Promise<void>;
}

/** The lock of a job ran out, because this process or its connection stood still for longer than `lockMs`. */
function isLockLost(error: Error): boolean {
  const { code } = error as { code?: unknown };
  return code === ErrorCode.JobLockNotExist || code === ErrorCode.JobLockMismatch;
}

/** Consumes the queue of one type, `WORKER_CONCURRENCY` jobs at a time. */
export function consume(needs: Needs): Consumer {
  const { type, process, redis, settings, workerName, log, metrics } = needs;
  const running = new Map<string, Attempt>();
  const { isCancelled } = needs.cancellations;
  const keys = redisKeys(settings.REDIS_PREFIX);
  // BullMQ's idle workers wait for this key; the member means "a job waits" (its script addBaseMarkerIfNeeded).
  const wake = () => redis.zadd(keys.marker(type), 0, '0');
  const pool = poolPause(redis, keys, type, () => metrics.poolPaused(type, 'rate_limited'));
  const threshold = settings.UPSTREAM_CIRCUIT_FAILURES;
  let started = 0;
  let refusedAtMs = 0;
  let isHandingBack = false;
  const run = runJob({
    type,
    metrics,
    process,
    log,
    running,
    isCancelled,
    wake,
    pool,
    suspects: needs.suspects,
    isHandingBack: () => isHandingBack,
    circuit:
      threshold > 0
        ? poolCircuit(redis, keys, type, threshold, () => metrics.poolPaused(type, 'circuit'))
        : noCircuit,
    patienceSeconds: settings.RATE_LIMIT_PATIENCE_SECONDS,
  });
  const keep = { age: settings.RESULT_TTL_SECONDS };
  const worker = new Worker<JobData, JobResult>(type, run, {
    connection: redis,
    prefix: settings.REDIS_PREFIX,
    name: workerName,
    concurrency: settings.WORKER_CONCURRENCY,
    lockDuration: lockMs,
    stalledInterval: stalledCheckEveryMs,
    maxStalledCount: maxStalls,
    runRetryDelay: retryAfterErrorMs,
    limiter,
    removeOnComplete: keep,
    removeOnFail: keep,
    ...(needs.tracing ? { telemetry: needs.tracing.bullmq } : {}),
  });
  countTroubles(worker, type, metrics);
  worker.on('error', (error) => {
    // During an outage every connection of BullMQ tells of every try; ours has told once.
    if (redis.status !== 'ready') return;
    if (error instanceof ReplyError) refusedAtMs = Date.now();
    if (isLockLost(error))
      log.warn(
        { type },
        'a lock was lost: the job runs elsewhere, and the result from here is discarded',
      );
    else logFault(log, error, 'BullMQ reported an error', { type });
  });
  worker.on('lockRenewalFailed', (jobIds) => {
    for (const jobId of jobIds) running.get(jobId)?.abort({ kind: 'lock lost' });
  });
  worker.on('active', () => {
    started += 1;
  });
  worker.on('stalled', (jobId) =>
    log.warn({ job_id: jobId }, 'the worker of this job is gone; it runs again'),
  );
  return {
    type,
    isRunning: () => worker.isRunning(),
    started: () => started,
    refusedAtMs: () => refusedAtMs,
    hasRoom: () => running.size < settings.WORKER_CONCURRENCY,
    isPoolPaused: () => pool.isOn(),
    activeJobIds: () => [...running.keys()],
    cancel: (jobId) => running.get(jobId)?.abort({ kind: 'cancelled' }),
    close: async (endsAtMs) => {
      const timer = setTimeout(
        () => {
          isHandingBack = true;
          running.forEach((attempt) => attempt.abort({ kind: 'stopping' }));
        },
        Math.max(0, endsAtMs - handBackMs - Date.now()),
      );
      try {
        // Without Redis, BullMQ would wait for the answer to its last fetch; with nothing active, nothing is lost.
        await worker.close(redis.status !== 'ready' && running.size === 0);
      } finally {
        clearTimeout(timer);
      }
    },
  };
}
