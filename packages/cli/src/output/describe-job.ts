import type { Job } from '@promptq/client';

/** The answer of a completed job for people: the text of a chat, or an analysis as JSON. */
export function formatAnswer(job: Job): string {
  if (job.output === null) return '';
  return job.type === 'chat' ? job.output.response : JSON.stringify(job.output, null, 2);
}

/** One sentence about how a job ended, for example `chat_1 failed: timeout: ...`. */
export function describeOutcome({ id, status, error }: Job): string {
  if (status === 'cancelled') return `${id} was cancelled.`;
  if (status !== 'failed' || !error) return `${id} ${status}.`;
  const hint = error.retryable ? ' A retry may help.' : '';
  return `${id} failed: ${error.code}: ${error.message}${hint}`;
}

/** A job in a few lines. */
export function describeJob(job: Job): string {
  const details = [
    job.attempt > 0 && `attempt ${job.attempt} of ${job.max_attempts}`,
    job.progress.total > 1 && `${job.progress.done} of ${job.progress.total} calls`,
    job.timings.queued_ms !== null && `queued ${job.timings.queued_ms} ms`,
    job.timings.running_ms !== null && `ran ${job.timings.running_ms} ms`,
    job.usage.total_tokens > 0 && `${job.usage.total_tokens} tokens`,
    job.finished_at === null && job.cancel_requested_at !== null && 'cancellation requested',
    job.next_attempt_at !== null && `next attempt at ${job.next_attempt_at}`,
  ].filter((detail) => detail !== false);
  const lines = [`${job.id}  ${job.status}`];
  if (details.length > 0) lines.push(`  ${details.join(', ')}`);
  if (job.error) lines.push(`  ${job.error.code}: ${job.error.message}`);
  if (job.output) lines.push('', formatAnswer(job));
  return lines.join('\n');
}
