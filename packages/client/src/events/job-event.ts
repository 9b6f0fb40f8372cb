import type { Job, TerminalStatus } from '../jobs/job.ts';

interface EventOf<Type extends string, Data> {
  /** Where to go on after a break: give it as `lastEventId`. */
  id: string;
  type: Type;
  data: Data;
}

/** What happens to a job. The first event shows it as it is, the last one is terminal. */
export type JobEvent =
  | EventOf<'job.queued' | 'job.in_progress' | 'job.progress', Job>
  /** The next piece of a streamed answer. */
  | EventOf<'output.delta', { delta: string }>
  /** The attempt that spoke has failed: all deltas so far are void, and the answer begins anew. */
  | EventOf<'output.reset', Record<string, never>>
  | EventOf<`job.${TerminalStatus}`, Job>;
