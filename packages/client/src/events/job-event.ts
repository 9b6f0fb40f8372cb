import type { JobEvent as SentEvent, PublicJob } from '@promptq/shared/contracts';
import type { Job } from '../jobs/job.ts';

type Received<Sent> = Sent extends { event: infer Type; data: infer Data }
  ? {
      /** Pass it as `lastEventId` to continue after this event. */
      id: string;
      type: Type;
      data: Data extends PublicJob ? Job : Data;
    }
  : never;

/**
 * An event of a job's stream. The first event is the job's current state, the last one is terminal. `output.delta` is
 * the next piece of a streamed answer. `output.reset` means that the attempt failed: discard all deltas so far, the
 * answer starts again.
 */
export type JobEvent = Received<SentEvent>;
