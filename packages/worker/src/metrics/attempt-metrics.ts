import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { jobTypes, type JobType } from '@promptq/shared/contracts';
import { failureCodeSchema, isRetryable, type FailureCode } from '@promptq/shared/failure';
import { cacheLabels } from '@promptq/shared/metrics';
import type { Outcome } from '../attempts/outcome.ts';
import type { PauseReason } from '../backpressure/pause.ts';
import type { QueueMetrics } from '../bullmq-worker/consume-queue.ts';

/** From an empty queue to one with a wait of a day. */
const waitBounds = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600, 14_400, 86_400,
];
/** Up to the longest `timeout_seconds`. */
const runBounds = [
  0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 1_800, 7_200,
];

type EndReason = FailureCode | PauseReason;

/** The metrics of attempts and of the workers' events. */
export function attemptMetrics(registry: Registry): QueueMetrics {
  const registers = [registry];
  const counter = (name: string, help: string, labelNames: string[]) =>
    new Counter({ name, help, labelNames, registers });
  const wait = new Histogram({
    name: 'promptq_job_wait_seconds',
    help: 'Time from when a job could start, after its delay, to its first attempt.',
    labelNames: ['type'],
    buckets: waitBounds,
    registers,
  });
  const run = new Histogram({
    name: 'promptq_job_run_seconds',
    help: 'Duration of attempts.',
    labelNames: ['type'],
    buckets: runBounds,
    registers,
  });
  const running = new Gauge({
    name: 'promptq_attempts_running',
    help: 'Attempts running now.',
    labelNames: ['type'],
    registers,
  });
  const attempts = counter(
    'promptq_attempts_total',
    'Finished attempts by outcome and reason: the failure code, or budget if the upstream budget was spent. After outcome "retry", another attempt may follow.',
    ['type', 'outcome', 'reason'],
  );
  const pauses = counter('promptq_pool_pauses_total', 'Pauses of a pool, by reason.', [
    'type',
    'reason',
  ]);
  const locks = counter('promptq_locks_lost_total', 'Locks of running jobs that expired.', [
    'type',
  ]);
  const discarded = counter(
    'promptq_results_discarded_total',
    'Results discarded because another worker had taken over the job.',
    ['type'],
  );
  const stalls = counter(
    'promptq_jobs_stalled_total',
    'Jobs that run again because their worker was gone.',
    ['type'],
  );
  const metricsByType = cacheLabels((type: JobType) => ({
    wait: wait.labels(type),
    run: run.labels(type),
    running: running.labels(type),
  }));
  const attempt = cacheLabels(
    (type: JobType, outcome: Outcome['kind'], reason: EndReason | 'none') =>
      attempts.labels(type, outcome, reason),
  );
  // Each counter starts at 0, so that its first event shows as an increase.
  for (const type of jobTypes) {
    for (const metric of [locks, discarded, stalls]) metric.inc({ type }, 0);
    for (const reason of ['rate_limited', 'circuit', 'budget']) pauses.inc({ type, reason }, 0);
    for (const code of failureCodeSchema.options) {
      attempt(type, 'fail', code).inc(0);
      if (isRetryable(code)) attempt(type, 'retry', code).inc(0);
    }
  }
  return {
    started: (type, waitMs) => {
      metricsByType(type).running.inc();
      if (waitMs !== null) metricsByType(type).wait.observe(Math.max(0, waitMs) / 1_000);
    },
    ended: (type, outcome, reason, runMs) => {
      metricsByType(type).running.dec();
      metricsByType(type).run.observe(runMs / 1_000);
      attempt(type, outcome, reason ?? 'none').inc();
      if (outcome === 'lost') discarded.inc({ type });
    },
    poolPaused: (type, reason) => pauses.inc({ type, reason }),
    locksLost: (type, jobs) => locks.inc({ type }, jobs),
    resultDiscarded: (type) => discarded.inc({ type }),
    stalled: (type) => stalls.inc({ type }),
  };
}
