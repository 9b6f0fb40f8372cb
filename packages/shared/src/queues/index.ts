export { addGuarded } from './add-guarded.ts';
export { ignoreAlreadyMoved } from './unless-moved.ts';
export { bucketOf, idsInBucket, indexEntry, newestFirst, type IndexEntry } from './job-index.ts';
export {
  bullJob,
  bullOptions,
  maxPriority,
  minBatchPriority,
  priorityInBatch,
  priorityOfSingle,
  type NewJob,
} from './new-job.ts';
export { backoff, keepEvents, openQueue } from './open-queue.ts';
export { jobHashFields, readJobHash } from './parse-hash.ts';
export { pausedMark, readQueueState, type QueueSnapshot } from './queue-state.ts';
export { readJob } from './read-job.ts';
export { flagCancel, requestCancel } from './request-cancel.ts';
export { delayedUntilMs, scorePerPriority } from './scores.ts';
