import { Worker, type Job, type WorkerOptions } from 'bullmq';
import type { JobType } from '@promptq/shared/contracts';
import type { Logger } from '@promptq/shared/logging';
import type { JobData, JobResult } from '@promptq/shared/jobs';
import { countWorkerEvents, type WorkerEventMetrics } from './count-events.ts';
import { reportOutcome } from './report-outcome.ts';
import type { Tracing } from '@promptq/shared/tracing';
import type { WorkerSettings } from '../settings.ts';
import type { Attempt } from '../attempts/attempt.ts';
import type { Quarantine } from '../attempts/quarantine.ts';
import { retryInMs } from './backoff.ts';
import type { Cancellations, Store } from '@promptq/store';
import { noCircuit } from '../backpressure/circuit.ts';
import { poolCircuit } from '../backpressure/pool-circuit.ts';
import { poolPause } from '../backpressure/pool-pause.ts';
import { bestEffort } from '../attempts/best-effort.ts';
import { attemptRunner, type AttemptObserver, type Processor } from '../attempts/run-attempt.ts';
import type { PauseReason } from '../backpressure/pause.ts';
import { superviseWorker, workerOptions, type SupervisedWorker } from './supervise.ts';

/**
 * A job that kills its worker each time fails after the fourth. With BullMQ's default of 1, eight killed workers failed
 * 2 to 8 innocent jobs of 3,000.
 */
const maxStalls = 3;
/**
 * This limiter limits nothing. BullMQ checks the pause of the pool only in workers with a limiter (script
 * getRateLimitTTL).
 */
const limiter = { max: Number.MAX_SAFE_INTEGER, duration: 1_000 };

/** The metrics of consuming a queue. */
export interface QueueMetrics extends AttemptObserver, WorkerEventMetrics {
  /** A pause of the pool began in this process. */
  poolPaused(type: JobType, reason: PauseReason): void;
}

interface Deps {
  type: JobType;
  process: Processor;
  store: Pick<Store, 'isReady' | 'queues' | 'circuits'>;
  settings: WorkerSettings;
  workerName: string;
  log: Logger;
  cancellations: Pick<Cancellations, 'isCancelled'>;
  metrics: QueueMetrics;
  tracing: Pick<Tracing, 'bullmq'> | null;
  /** Shared by all types of the process, because a process dies as a whole. */
  quarantine: Quarantine;
}

export interface Consumer extends Omit<SupervisedWorker, 'isHandingBack'> {
  type: JobType;
  /** Whether this process has a free slot for another job. */
  hasCapacity(): boolean;
  /** Whether the pool of this type is paused. */
  isPoolPaused(): Promise<boolean>;
  /** The jobs that run in this process. */
  activeJobIds(): string[];
  /** Aborts the attempt of this job if it runs in this process. */
  cancel(jobId: string): void;
}

/** Consumes the queue of one type, `WORKER_CONCURRENCY` jobs at a time. */
export function consumeQueue(deps: Deps): Consumer {
  const { type, process, store, settings, workerName, log, metrics } = deps;
  const running = new Map<string, Attempt>();
  const { isCancelled } = deps.cancellations;
  const pool = poolPause(store, type, (reason) => metrics.poolPaused(type, reason));
  const threshold = settings.UPSTREAM_CIRCUIT_FAILURES;
  const run = attemptRunner({
    type,
    metrics,
    process,
    log,
    running,
    isCancelled,
    pool,
    quarantine: deps.quarantine,
    isHandingBack: () => supervised.isHandingBack(),
    circuit:
      threshold > 0
        ? poolCircuit(store, type, threshold, () => metrics.poolPaused(type, 'circuit'))
        : noCircuit,
    patienceSeconds: settings.RATE_LIMIT_PATIENCE_SECONDS,
  });
  const keep = { age: settings.RESULT_TTL_SECONDS };
  const handle = async (job: Job<JobData, JobResult>, token?: string) =>
    reportOutcome(await run(job), job, token, {
      wake: () => bestEffort(store.queues.wake(type), log),
      pause: (askedMs, reason) => bestEffort(pool.pause(askedMs, reason), log),
    });
  const { queue, backendFactory, ...connection } = store.queues.workerHost(type);
  const options: WorkerOptions = {
    ...connection,
    name: workerName,
    concurrency: settings.WORKER_CONCURRENCY,
    ...workerOptions,
    maxStalledCount: maxStalls,
    limiter,
    settings: { backoffStrategy: (attemptsMade) => retryInMs(attemptsMade) },
    removeOnComplete: keep,
    removeOnFail: keep,
    ...(deps.tracing ? { telemetry: deps.tracing.bullmq } : {}),
  };
  const worker = new Worker<JobData, JobResult>(queue, handle, options, backendFactory);
  countWorkerEvents(worker, type, metrics);
  const supervised = superviseWorker({
    worker,
    isRedisReady: store.isReady,
    running,
    log,
    idName: 'job_id',
  });
  return {
    ...supervised,
    type,
    hasCapacity: () => running.size < settings.WORKER_CONCURRENCY,
    isPoolPaused: () => pool.isOn(),
    activeJobIds: () => [...running.keys()],
    cancel: (jobId) => running.get(jobId)?.abort({ kind: 'cancelled' }),
  };
}
