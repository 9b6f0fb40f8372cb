export { createdAtOf, jobTypeOf, newJobId } from './job-id.ts';
export {
  analysisDataSchema,
  chatDataSchema,
  jobHashFields,
  jobResultSchema,
  readJobHash,
  startBy,
  toStored,
  type AnalysisData,
  type ChatData,
  type JobData,
  type JobRecord,
  type JobResult,
  type QueueState,
} from './job-record.ts';
export { backoff, keepEvents, openQueue } from './open-queue.ts';
export { callsOf, jobError, toPublicJob } from './public-job.ts';
export { failedStatus, standingOf } from './public-status.ts';
export { pausedMark, readQueueState, type QueueSnapshot } from './queue-state.ts';
export { readJob } from './read-job.ts';
export { requestCancel } from './request-cancel.ts';
