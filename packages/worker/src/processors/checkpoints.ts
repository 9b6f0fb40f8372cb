import type { Checkpoint, Store } from '@promptq/store';

export type { Checkpoint };

/** The finished calls of one job. They are kept until the job finishes, so another attempt pays for none of them again. */
export interface Checkpoints {
  read(): Promise<Map<string, Checkpoint>>;
  /** A failure to write is logged: the answer is there, and it must not be paid for again. */
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
