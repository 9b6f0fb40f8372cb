import { jobTypes, type JobType } from '../contracts/index.ts';
import { newUuid7 } from './uuid7.ts';

const jobIdPattern = new RegExp(`^(${jobTypes.join('|')})_([0-9a-f]{32})$`);

/**
 * Makes a job id: the type and a UUID version 7 (RFC 9562) without dashes, so that ids sort by time.
 * @param queueNumber the number of the job's queue, 1 to 4095, which the id contains
 * @param atMs the time in the id, in milliseconds since 1970; the default is now
 */
export function newJobId(type: JobType, queueNumber: number, atMs?: number): string {
  return `${type}_${newUuid7(queueNumber, atMs)}`;
}

/** The type in a job id, or `null` when this is not a job id. */
export function jobTypeOf(jobId: string): JobType | null {
  return (jobIdPattern.exec(jobId)?.[1] as JobType | undefined) ?? null;
}

/** The number of the queue in a job id: the 12 bits of `rand_a`. @param jobId a valid job id, see `jobTypeOf` */
export function queueNumberOf(jobId: string): number {
  return Number.parseInt(jobId.slice(-19, -16), 16);
}

/**
 * When the id was made, in milliseconds since 1970: the first 48 bits of the UUID. A batch's jobs have the batch's
 * time.
 */
export function createdAtOf(jobId: string): number | null {
  const digits = jobIdPattern.exec(jobId)?.[2];
  return digits === undefined ? null : Number.parseInt(digits.slice(0, 12), 16);
}
