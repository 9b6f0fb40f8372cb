import type { JobRecord } from '@promptq/shared/jobs';
import { Problem } from './problem.ts';

/** The job that was found; another tenant's job is answered as if there were none. @throws {Problem} `not_found` */
export function requireJob(record: JobRecord | null): JobRecord {
  if (record) return record;
  throw new Problem('not_found', 'There is no such job, or it is no longer kept.');
}
