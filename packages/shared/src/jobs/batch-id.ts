import type { JobType } from '../contracts/index.ts';
import { jobTypeOf } from './job-id.ts';
import { newUuid7 } from './uuid7.ts';

/**
 * The id of a batch is a UUID version 7 without dashes. The ids of its jobs are UUIDs version 8 (RFC 9562, "custom").
 * They are made from the batch's id, with the number of the job's queue in `rand_a` and the index of the request in the
 * 16 bits that are zero in the batch's id. So a job's id contains its queue, its batch and its index, and adding the
 * same request twice adds one job.
 *
 *     0199a1b2c3d4 7 000 8 0000 2e3d4c5b6a7    a batch
 *     0199a1b2c3d4 8 001 8 0abc 2e3d4c5b6a7    its request 0x0abc, in queue 1
 */
const batchIdPattern = /^batch_[0-9a-f]{12}700080000[0-9a-f]{11}$/;
const jobOfBatchPattern = /_([0-9a-f]{12})8[0-9a-f]{3}8([0-9a-f]{4})([0-9a-f]{11})$/;

/** The number of different indexes that the ids of a batch's jobs can hold. */
const maxIndices = 0x10000;

export function newBatchId(): string {
  const digits = newUuid7(0);
  return `batch_${digits.slice(0, 12)}700080000${digits.slice(21)}`;
}

/** When the id was made, in milliseconds since 1970. The ids of the batch's jobs have the same time. */
export function batchCreatedAt(batchId: string): number {
  return Number.parseInt(batchId.slice('batch_'.length, 'batch_'.length + 12), 16);
}

export function isBatchId(id: string): boolean {
  return batchIdPattern.test(id);
}

/**
 * The id of a batch's job.
 * @param queueNumber the number of the job's queue
 * @param index of the request in the batch, from 0
 * @throws {RangeError} when the id is not a batch's or the index is out of range
 */
export function batchJobId(
  batchId: string,
  { type, queueNumber, index }: { type: JobType; queueNumber: number; index: number },
): string {
  if (!isBatchId(batchId) || index < 0 || index >= maxIndices) {
    throw new RangeError(`${batchId} has no request ${index}`);
  }
  const digits = batchId.slice('batch_'.length);
  const queue = queueNumber.toString(16).padStart(3, '0');
  const position = index.toString(16).padStart(4, '0');
  return `${type}_${digits.slice(0, 12)}8${queue}8${position}${digits.slice(21)}`;
}

/** The batch of a job and its index in it, or `null` for a job that was submitted alone. */
export function batchOf(jobId: string): { batchId: string; index: number } | null {
  if (!jobTypeOf(jobId)) return null;
  const [, time, index, tail] = jobOfBatchPattern.exec(jobId) ?? [];
  if (time === undefined) return null;
  return { batchId: `batch_${time}700080000${tail}`, index: Number.parseInt(index as string, 16) };
}
