import type { Failure } from '@promptq/shared/failure';
import { logFault, type Logger } from '@promptq/shared/logging';
import type { Circuit } from '../backpressure/circuit.ts';
import type { Outcome } from './outcome.ts';

const unavailable: Failure = { code: 'upstream_unavailable', upstream: null };

interface Deps {
  circuit: Circuit;
  jobId: string;
  log: Logger;
}

/** Asks the circuit before a job runs. @returns the outcome of a job that must wait, or `null` when it may run */
export async function waitForCircuit({ circuit, jobId, log }: Deps): Promise<Outcome | null> {
  const waitMs = await withFallback(circuit.admit(jobId), 0, log);
  return waitMs > 0 ? circuitOpen(unavailable, waitMs) : null;
}

/**
 * Reports a failure of the upstream to the circuit. Other outcomes are reported by `reportToCircuit`.
 * @param isPatient whether the job may wait while the circuit is open
 * @returns `deferred` when the circuit is open and the job may wait, otherwise the given outcome
 */
export async function reportFailure(
  outcome: Outcome,
  isPatient: boolean,
  { circuit, jobId, log }: Deps,
): Promise<Outcome> {
  if (outcome.kind !== 'retry' || !isUpstreamFailure(outcome.failure)) return outcome;
  const pauseMs = await withFallback(circuit.failed(jobId), null, log);
  return pauseMs === null || !isPatient ? outcome : circuitOpen(outcome.failure, pauseMs);
}

/** Reports to the circuit what the outcome says about the upstream, except its failures: see `reportFailure`. */
export async function reportToCircuit(
  outcome: Outcome,
  jobId: string,
  circuit: Circuit,
): Promise<void> {
  if (outcome.kind === 'completed') return circuit.succeeded();
  const failure = 'failure' in outcome ? outcome.failure : null;
  if (failure && isUpstreamFailure(failure)) return;
  const status = failure?.upstream?.status ?? null;
  return status !== null && status < 500 ? circuit.succeeded() : circuit.release(jobId);
}

function circuitOpen(failure: Failure, waitMs: number): Outcome {
  return { kind: 'deferred', reason: 'circuit', failure, retryAfterMs: waitMs };
}

function isUpstreamFailure({ code }: Failure): boolean {
  return code === 'upstream_unavailable' || code === 'timeout';
}

/** If the circuit cannot be read, the job runs as if it were closed. */
async function withFallback<Answer>(
  promise: Promise<Answer>,
  fallback: Answer,
  log: Logger,
): Promise<Answer> {
  try {
    return await promise;
  } catch (error) {
    logFault(log, error, 'could not read the circuit');
    return fallback;
  }
}
