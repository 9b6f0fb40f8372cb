export { batchCreatedAt, batchJobId, batchOf, isBatchId, newBatchId } from './batch-id.ts';
export { eventIdOf, happenedAtOf, jobIdOfEvent } from './event-id.ts';
export { createdAtOf, jobTypeOf, newJobId, queueNumberOf } from './job-id.ts';
export { batchStatusOf, toPublicBatch, type BatchRecord } from './public-batch.ts';
export { attemptsOf, callsOf, jobError, timingsOf, toPublicJob } from './public-job.ts';
export {
  analysisDataSchema,
  chatDataSchema,
  jobResultSchema,
  startBy,
  toStored,
  withDefaults,
  type AnalysisData,
  type ChatData,
  type JobData,
  type JobRecord,
  type JobResult,
  type QueueState,
} from './record.ts';
export type { JobSpec } from './spec.ts';
export { failedStatus, statusOf } from './status.ts';
