import { delayedUntilMs } from '../queues/scores.ts';
import { hashFields } from '../scripts/reply.ts';
import { jobTypeOf, type JobRecord } from '@promptq/shared/jobs';
import { parseJobHash } from './parse-hash.ts';

/** The reply of read-job.lua: the fields of the hash, the state of the job, and its score while it is delayed. */
export type JobReply = [
  fields: string[],
  state: 'active' | 'delayed' | 'waiting' | 'overdue',
  delayedScore: string,
];

/** Parses the reply. @throws {z.ZodError} when promptq did not write the job */
export function parseJobReply(id: string, [fields, state, delayedScore]: JobReply): JobRecord {
  const type = jobTypeOf(id);
  if (!type) throw new RangeError('not a job id');
  return parseJobHash(
    id,
    type,
    hashFields(fields),
    state === 'active'
      ? { at: 'active' }
      : state === 'delayed'
        ? { at: 'delayed', untilMs: delayedUntilMs(delayedScore) }
        : { at: 'waiting' },
  );
}
