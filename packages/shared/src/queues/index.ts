export { createdAtOf, jobTypeOf, newJobId } from './job-id.ts';
export {
  analysisDataSchema,
  chatDataSchema,
  jobHashFields,
  jobResultSchema,
  readJobHash,
  type AnalysisData,
  type ChatData,
  type JobData,
  type JobRecord,
  type JobResult,
  type QueueState,
} from './job-record.ts';
export { backoff, keepEvents, openQueue } from './open-queue.ts';
export { callsOf, jobError, publicStatus, timings, toPublicJob } from './public-job.ts';
export { readJob } from './read-job.ts';
