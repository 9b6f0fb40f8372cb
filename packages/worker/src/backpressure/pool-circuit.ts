import type { JobType } from '@promptq/shared/contracts';
import type { Store } from '@promptq/store';
import type { Circuit } from './circuit.ts';

const policy = {
  firstPauseMs: 5_000,
  maxPauseMs: 5 * 60 * 1_000,
  /** A streak ends after this time without a failure. */
  streakWindowMs: 10 * 60 * 1_000,
  /** A probe that has not ended after this time counts as lost with its process. */
  probeMs: 60_000,
  /** Other attempts ask again after this time whether the probe has ended. */
  retryDelayMs: 1_000,
};

/**
 * The circuit of all workers of a type.
 * @param threshold failures in a row that open it
 * @param onOpen called when a failure pauses the pool
 */
export function poolCircuit(
  { circuits }: Pick<Store, 'circuits'>,
  type: JobType,
  threshold: number,
  onOpen: () => void,
): Circuit {
  const options = { threshold, ...policy };
  return {
    admit: (jobId) => circuits.admit(type, jobId, options),
    failed: async (jobId) => {
      const { pauseMs, isNew } = await circuits.failed(type, jobId, options);
      if (isNew) onOpen();
      return pauseMs;
    },
    succeeded: () => circuits.succeeded(type),
    release: (jobId) => circuits.release(type, jobId),
  };
}
