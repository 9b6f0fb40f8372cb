import type {
  AnalysisOutput,
  ChatOutput,
  JobType,
  PublicJob,
  SubmissionRequest,
} from '@promptq/shared/contracts';

/** A job of one type. `job.type` tells which output it has. */
export type JobOf<Type extends JobType> = Type extends 'chat'
  ? Omit<PublicJob, 'type' | 'output'> & { type: 'chat'; output: ChatOutput | null }
  : Omit<PublicJob, 'type' | 'output'> & { type: 'analysis'; output: AnalysisOutput | null };

/** A job of any type. */
export type Job = JobOf<JobType>;

/** A status that never changes again. */
export type TerminalStatus = Exclude<Job['status'], 'queued' | 'in_progress'>;

/** A job or its id. A job keeps the type of its output. */
export type JobReference<Type extends JobType = JobType> = string | { id: string; type: Type };

/** The job that a submission creates. */
export type JobFor<Request extends SubmissionRequest> = JobOf<Request['type']>;

/** Whether a job with this status has finished. */
export function isTerminal(status: Job['status']): status is TerminalStatus {
  return status !== 'queued' && status !== 'in_progress';
}

/** The path of a job, with its id encoded. */
export function jobPath(job: string | { id: string }, suffix = ''): string {
  const id = typeof job === 'string' ? job : job.id;
  return `/v1/jobs/${encodeURIComponent(id)}${suffix}`;
}
