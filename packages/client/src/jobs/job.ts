import type {
  AnalysisOutput,
  ChatOutput,
  JobType,
  PublicJob,
  SubmissionRequest,
} from '@promptq/shared/contracts';

/** The job of a type: `job.type` tells which output it has. */
export type JobOf<Type extends JobType> = Type extends 'chat'
  ? Omit<PublicJob, 'type' | 'output'> & { type: 'chat'; output: ChatOutput | null }
  : Omit<PublicJob, 'type' | 'output'> & { type: 'analysis'; output: AnalysisOutput | null };

/** A job of any type. */
export type Job = JobOf<JobType>;

/** A job that will never change again. */
export type TerminalStatus = Exclude<Job['status'], 'queued' | 'in_progress'>;

/** A job or its id. A job keeps the type of its output. */
export type JobReference<Type extends JobType = JobType> = string | { id: string; type: Type };

/** What a submission becomes. */
export type JobFor<Request extends SubmissionRequest> = JobOf<Request['type']>;

function idOf(reference: string | { id: string }): string {
  return typeof reference === 'string' ? reference : reference.id;
}

export function isTerminal(status: Job['status']): status is TerminalStatus {
  return status !== 'queued' && status !== 'in_progress';
}

/** An id in a path: whatever it is, it names nothing else. */
export function pathOf(reference: string | { id: string }, more = ''): string {
  return `/v1/jobs/${encodeURIComponent(idOf(reference))}${more}`;
}
