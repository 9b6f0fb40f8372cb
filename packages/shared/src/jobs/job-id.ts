import { jobTypes, type JobType } from '../contracts/index.ts';
import { newUuid7 } from './uuid7.ts';

const jobIdPattern = new RegExp(`^(${jobTypes.join('|')})_([0-9a-f]{32})$`);

/**
 * A new id: the type, and a UUID version 7 (RFC 9562) without dashes, so ids sort by their time.
 * @param atMs the moment in it, in milliseconds since 1970; now, unless it is given
 */
export function newJobId(type: JobType, atMs?: number): string {
  return `${type}_${newUuid7(atMs)}`;
}

/** The type in a job id, or `null` if the id is not a job's. */
export function jobTypeOf(jobId: string): JobType | null {
  return (jobIdPattern.exec(jobId)?.[1] as JobType | undefined) ?? null;
}

/** When the id, or its batch's, was made, in milliseconds since 1970: the first 48 bits of a UUID version 7. */
export function createdAtOf(jobId: string): number | null {
  const digits = jobIdPattern.exec(jobId)?.[2];
  return digits === undefined ? null : Number.parseInt(digits.slice(0, 12), 16);
}
