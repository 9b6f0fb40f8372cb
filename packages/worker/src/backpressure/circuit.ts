/**
 * The circuit of a pool: when the upstream fails so many attempts in a row, across all workers of a type, it
 * is left alone for a while and then tried by one, instead of costing every job its attempts.
 *
 * Its state is in Redis because a row goes across the pool; the libraries for circuits keep theirs in one
 * process. What pauses the pool is the same as for a 429, see pool-pause.ts.
 */
export interface Circuit {
  /** @returns 0: go on; else come back after so many milliseconds */
  admit(jobId: string): Promise<number>;
  /** An attempt failed for the upstream's sake. @returns for how long the pool pauses, or `null` while the circuit is closed */
  failed(jobId: string): Promise<number | null>;
  /** The upstream has answered, be it with a refusal of this one request. */
  succeeded(): Promise<void>;
  /** The attempt ended for another reason: cancelled, interrupted, ... */
  release(jobId: string): Promise<void>;
}

/** A circuit that is always closed: the default. */
export const noCircuit: Circuit = {
  admit: async () => 0,
  failed: async () => null,
  succeeded: async () => undefined,
  release: async () => undefined,
};
