import type { JobType } from '../contracts/index.ts';
import { jobTypeOf } from './job-id.ts';
import { newUuid7 } from './uuid7.ts';

/**
 * The id of a batch is a UUID version 7 without dashes, the ids of its jobs are version 8 (RFC 9562, "custom"):
 * the batch's, with the place of the request in the 16 bits that are zero in the batch. So a job's id tells its
 * batch and its place, nothing has to be stored for that, and adding the same request twice adds one job.
 *
 *     0199a1b2c3d4 7 000 80 1f2e3d4c5b6a79    a batch
 *     0199a1b2c3d4 8 0ab 8c 1f2e3d4c5b6a79    its request 0x0abc
 */
const batchIdPattern = /^batch_[0-9a-f]{12}700080[0-9a-f]{14}$/;
const jobOfBatchPattern = /_([0-9a-f]{12})8([0-9a-f]{3})8([0-9a-f])([0-9a-f]{14})$/;

/** Requests of one batch that have different ids. */
const maxIndices = 0x10000;

export function newBatchId(): string {
  const digits = newUuid7();
  return `batch_${digits.slice(0, 12)}700080${digits.slice(18)}`;
}

/** When the id was made, in milliseconds since 1970; its jobs have the same time. */
export function batchCreatedAt(batchId: string): number {
  return Number.parseInt(batchId.slice('batch_'.length, 'batch_'.length + 12), 16);
}

export function isBatchId(id: string): boolean {
  return batchIdPattern.test(id);
}

/**
 * The id of a batch's job.
 * @param index place of the request in the batch, from 0
 */
export function batchJobId(batchId: string, type: JobType, index: number): string {
  if (!isBatchId(batchId) || index < 0 || index >= maxIndices) {
    throw new RangeError(`${batchId} has no request ${index}`);
  }
  const digits = batchId.slice('batch_'.length);
  const place = index.toString(16).padStart(4, '0');
  return `${type}_${digits.slice(0, 12)}8${place.slice(0, 3)}8${place.slice(3)}${digits.slice(18)}`;
}

/** The batch of a job and its place in it, or `null` for a job that was submitted alone. */
export function batchOf(jobId: string): { batchId: string; index: number } | null {
  if (!jobTypeOf(jobId)) return null;
  const [, time, high, low, tail] = jobOfBatchPattern.exec(jobId) ?? [];
  if (time === undefined) return null;
  return { batchId: `batch_${time}700080${tail}`, index: Number.parseInt(`${high}${low}`, 16) };
}
