import type { Checkpoint, Store } from '@promptq/store';

export type { Checkpoint };

/**
 * The finished calls of one job. They are kept until the job finishes, so that another attempt does not repeat them.
 */
export interface Checkpoints {
  read(): Promise<Map<string, Checkpoint>>;
  /** Stores a finished call. A failed write is only logged, because the answer has arrived. */
  keep(step: string, checkpoint: Checkpoint): Promise<void>;
}

export function openCheckpoints(
  { checkpoints }: Pick<Store, 'checkpoints'>,
  jobId: string,
): Checkpoints {
  return {
    read: () => checkpoints.read(jobId),
    keep: (step, checkpoint) => checkpoints.keep(jobId, step, checkpoint),
  };
}
