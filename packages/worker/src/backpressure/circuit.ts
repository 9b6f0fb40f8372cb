/**
 * The circuit breaker of a pool. After a number of consecutive failures of the upstream, across all workers of a type, the
 * pool pauses. Then one job probes the upstream, so that an outage does not cost every job its attempts.
 *
 * Its state is in Redis, because the failures of all workers count together. Libraries keep it in one process. The pool
 * pauses as for a 429, see pool-pause.ts.
 */
export interface Circuit {
  /** @returns 0 if the job may run, else the milliseconds to wait */
  admit(jobId: string): Promise<number>;
  /** An attempt failed because of the upstream. @returns how long the pool pauses, or `null` while the circuit is closed */
  failed(jobId: string): Promise<number | null>;
  /** The upstream answered, even if it refused this request. */
  succeeded(): Promise<void>;
  /** The attempt ended for a reason that says nothing about the upstream: cancelled, interrupted. */
  release(jobId: string): Promise<void>;
}

/** A circuit that is always closed. The default. */
export const noCircuit: Circuit = {
  admit: async () => 0,
  failed: async () => null,
  succeeded: async () => undefined,
  release: async () => undefined,
};
