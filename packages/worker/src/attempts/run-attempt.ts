import type { JobType } from '@promptq/shared/contracts';
import type { FailureCode } from '@promptq/shared/failure';
import { logFault, withoutRedaction, type Logger } from '@promptq/shared/logging';
import type { JobResult } from '@promptq/shared/jobs';
import { BudgetSpentError } from '../backpressure/within-budget.ts';
import { askedPauseMs } from '../upstream/asked-pause.ts';
import { failureOf } from '../upstream/upstream-failure.ts';
import type { ActiveJob } from './active-job.ts';
import { bestEffort } from './best-effort.ts';
import { beginAttempt, type Attempt } from './attempt.ts';
import { reportFailure, reportToCircuit, waitForCircuit } from './consult-circuit.ts';
import { decide, type Outcome } from './outcome.ts';
import { preflight } from './preflight.ts';
import type { Circuit } from '../backpressure/circuit.ts';
import type { PauseReason, PoolPause } from '../backpressure/pause.ts';
import { throttledProgress } from './report-progress.ts';
import type { Quarantine } from './quarantine.ts';

/** What a processor knows about its attempt. */
export interface AttemptContext {
  jobId: string;
  signal: AbortSignal;
  /** How often the job has started, including this attempt. Above 1, checkpoints may exist. Unique per attempt. */
  attemptsStarted: number;
  isLastAttempt: boolean;
  /** Whether the job may keep waiting while the upstream rate-limits it. */
  isPatient: boolean;
  reportProgress(progress: { done: number; total: number }): void;
}

/** Runs the jobs of one type. It parses the data itself, so a job with invalid data fails alone. */
export type Processor = (data: unknown, context: AttemptContext) => Promise<JobResult>;

/** What an attempt reports about itself. */
export interface AttemptObserver {
  /** @param waitMs how long the job waited after its delay; `null` when it was started before */
  started(type: JobType, waitMs: number | null): void;
  ended(
    type: JobType,
    outcome: Outcome['kind'],
    reason: FailureCode | PauseReason | null,
    runMs: number,
  ): void;
}

interface Deps {
  type: JobType;
  metrics: AttemptObserver;
  process: Processor;
  log: Logger;
  /** The attempts in this process by job id, so that they can be aborted. */
  running: Map<string, Attempt>;
  /** Whether a client recently requested the cancellation of this job. */
  isCancelled: (jobId: string) => boolean;
  pool: Pick<PoolPause, 'succeeded'>;
  circuit: Circuit;
  quarantine: Quarantine;
  /** Whether this process hands its jobs back because it is about to stop. */
  isHandingBack: () => boolean;
  /** How old a job may become while the upstream rate-limits it. */
  patienceSeconds: number;
}

/** Runs attempts of jobs, from the processor to the outcome. The returned function does not throw. */
export function attemptRunner(deps: Deps) {
  const { type, metrics, log, running, isCancelled, pool, circuit } = deps;
  const lines = withoutRedaction(log);
  return async (job: ActiveJob): Promise<Outcome> => {
    const startedAt = performance.now();
    const jobId = job.id as string;
    const previous = running.get(jobId);
    if (previous) {
      // The lock of the previous attempt expired and BullMQ gave the job to this process again.
      previous.abort({ kind: 'lock lost' });
      return { kind: 'quarantined' };
    }
    const attempt = beginAttempt(timeoutSecondsOf(job));
    running.set(jobId, attempt);
    metrics.started(type, waitMsOf(job));
    let outcome: Outcome;
    try {
      // Checked after the attempt is registered: a later cancellation aborts the attempt, an earlier one is seen here.
      const rejected = preflight(job, isCancelled(jobId));
      outcome = rejected ?? (await admitted(job, attempt, deps));
    } finally {
      attempt.end();
      running.delete(jobId);
    }
    const ms = performance.now() - startedAt;
    metrics.ended(type, outcome.kind, reasonOf(outcome), ms);
    lines.info(
      {
        job_id: jobId,
        outcome: outcome.kind,
        ...('failure' in outcome ? outcome.failure : {}),
        ...('reason' in outcome ? { pause: outcome.reason } : {}),
        attempt: job.attemptsMade + 1,
        ms: Math.round(ms),
      },
      'attempt ended',
    );
    await bestEffort(reportToCircuit(outcome, jobId, circuit), log);
    if (outcome.kind === 'completed') await bestEffort(pool.succeeded(), log);
    return outcome;
  };
}

/** Runs the job unless it must wait in quarantine or this process is about to stop. */
async function admitted(job: ActiveJob, attempt: Attempt, deps: Deps): Promise<Outcome> {
  if (deps.isHandingBack()) return { kind: 'interrupted' };
  if (!deps.quarantine.admit(job)) return { kind: 'quarantined' };
  try {
    return await work(job, attempt, deps);
  } finally {
    deps.quarantine.leave(job);
  }
}

/** Runs the processor if the circuit allows it. */
async function work(
  job: ActiveJob,
  attempt: Attempt,
  { process, log, patienceSeconds, circuit }: Deps,
): Promise<Outcome> {
  const jobId = job.id as string;
  const dueAtMs = job.timestamp + (job.opts.delay ?? 0);
  const isPatient = Date.now() < dueAtMs + patienceSeconds * 1_000;
  const waiting = isPatient ? await waitForCircuit({ circuit, jobId, log }) : null;
  if (waiting) return waiting;
  try {
    const result = await process(job.data, {
      jobId,
      signal: attempt.signal,
      attemptsStarted: job.attemptsStarted,
      isLastAttempt: job.attemptsMade + 1 >= (job.opts.attempts ?? 1),
      isPatient,
      reportProgress: throttledProgress(job, log),
    });
    return { kind: 'completed', result };
  } catch (error) {
    const failure = error instanceof BudgetSpentError ? error : failureOf(error);
    if ('code' in failure && failure.code === 'internal_error' && !attempt.cause()) {
      logFault(log, error, 'a processor failed', { job_id: jobId });
    }
    const outcome = decide(failure, {
      cause: attempt.cause(),
      retryAfterMs: askedPauseMs(error, Date.now()),
      isPatient,
    });
    return reportFailure(outcome, isPatient, { circuit, jobId, log });
  }
}

function reasonOf(outcome: Outcome) {
  if ('failure' in outcome) return outcome.failure.code;
  return outcome.kind === 'deferred' ? outcome.reason : null;
}

/** How long the job waited since it could start; `null` if it was started before. */
function waitMsOf(job: ActiveJob): number | null {
  if (job.attemptsStarted > 1) return null;
  return Date.now() - job.timestamp - (job.opts.delay ?? 0);
}

const fallbackTimeoutSeconds = 600;

/** A job that promptq did not create may have no timeout. Its data will not parse, so it fails immediately. */
function timeoutSecondsOf(job: ActiveJob): number {
  const seconds: unknown = job.data?.timeout_seconds;
  return typeof seconds === 'number' && seconds > 0 ? seconds : fallbackTimeoutSeconds;
}
