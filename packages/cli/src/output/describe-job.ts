import type { Job } from '@promptq/client';

/** The answer of a completed job as a person reads it: a chat's text, an analysis as JSON. */
export function answerOf(job: Job): string {
  if (job.output === null) return '';
  return job.type === 'chat' ? job.output.response : JSON.stringify(job.output, null, 2);
}

/** Why a job has no answer. */
export function endOf(job: Job): string {
  const why =
    job.error && job.status === 'failed' ? `: ${job.error.code}: ${job.error.message}` : '';
  const again = job.error?.retryable === true ? ' Trying again may help.' : '';
  return `${job.id} is ${job.status}${why}${again}`;
}

/** A job in a few lines. */
export function describeJob(job: Job): string {
  const times = [
    job.attempt > 0 && `attempt ${job.attempt} of ${job.max_attempts}`,
    job.progress.total > 1 && `${job.progress.done} of ${job.progress.total} calls`,
    job.timings.queued_ms !== null && `queued ${job.timings.queued_ms} ms`,
    job.timings.running_ms !== null && `ran ${job.timings.running_ms} ms`,
    job.usage.total_tokens > 0 && `${job.usage.total_tokens} tokens`,
    job.finished_at === null && job.cancel_requested_at !== null && 'to be cancelled',
    job.next_attempt_at !== null && `next attempt at ${job.next_attempt_at}`,
  ].filter((part) => part !== false);
  const lines = [`${job.id}  ${job.status}`];
  if (times.length > 0) lines.push(`  ${times.join(', ')}`);
  if (job.error) lines.push(`  ${job.error.code}: ${job.error.message}`);
  if (job.output) lines.push('', answerOf(job));
  return lines.join('\n');
}
