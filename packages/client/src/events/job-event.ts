import type { JobEvent as SentEvent, PublicJob } from '@promptq/shared/contracts';
import type { Job } from '../jobs/job.ts';

type Received<Sent> = Sent extends { event: infer Type; data: infer Data }
  ? {
      /** Where to go on after a break: give it as `lastEventId`. */
      id: string;
      type: Type;
      data: Data extends PublicJob ? Job : Data;
    }
  : never;

/**
 * What happens to a job. The first event shows it as it is, the last one is terminal. `output.delta` is the next
 * piece of a streamed answer; `output.reset` says that the attempt that spoke has failed: all deltas so far are
 * void, and the answer begins anew.
 */
export type JobEvent = Received<SentEvent>;
