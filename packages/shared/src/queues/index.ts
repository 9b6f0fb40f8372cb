export { addGuarded } from './add-guarded.ts';
export { batchCreatedAt, batchJobId, batchOf, isBatchId, newBatchId } from './batch-id.ts';
export { createdAtOf, jobTypeOf, newJobId, queueNumberOf } from './job-id.ts';
export { bucketOf, idsInBucket, indexEntry, newestFirst, type IndexEntry } from './job-index.ts';
export {
  bullJob,
  bullOptions,
  maxPriority,
  priorityInBatch,
  priorityOfSingle,
  minBatchPriority,
  type NewJob,
} from './new-job.ts';
export {
  analysisDataSchema,
  chatDataSchema,
  jobResultSchema,
  startBy,
  withDefaults,
  toStored,
  type AnalysisData,
  type ChatData,
  type JobData,
  type JobRecord,
  type JobResult,
  type QueueState,
} from './job-record.ts';
export { backoff, keepEvents, openQueue, retryInMs } from './open-queue.ts';
export { attemptsOf, callsOf, jobError, timingsOf, toPublicJob } from './public-job.ts';
export { failedStatus, statusOf } from './public-status.ts';
export { pausedMark, readQueueState, type QueueSnapshot } from './queue-state.ts';
export { readJob } from './read-job.ts';
export { flagCancel, requestCancel } from './request-cancel.ts';
export { delayedUntilMs, scorePerPriority } from './scores.ts';
export { ignoreAlreadyMoved } from './unless-moved.ts';
