import type { JobRecord } from '@promptq/shared/jobs';
import { Problem } from './problem.ts';

/** The job that was found. A job of another tenant is not found. @throws {Problem} `not_found` */
export function requireJob(record: JobRecord | null): JobRecord {
  if (record) return record;
  throw new Problem('not_found', 'This job does not exist, or it is no longer kept.');
}
