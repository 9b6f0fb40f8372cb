import { isTerminal, type JobType, type PublicJob } from '@promptq/shared/contracts';
import { describeError, type Logger } from '@promptq/shared/logging';
import type { Store } from '@promptq/store';

const sampleIntervalMs = 1_000;
const minMs = 500;
const maxMs = 60_000;

type Sample = { takenAtMs: number; waiting: number; active: number };

/** The headers that say when a client should poll an unfinished job again. A finished job has none. */
export type PollHint = (job: PublicJob) => Record<string, string>;

/**
 * Estimates the poll interval from the state of the queue, assuming that each running job takes about a second. The
 * state is sampled at most once a second and in the background, so no request waits for it. Jobs of batches start after
 * all others, so they are not counted.
 */
export function pollHints(store: Pick<Store, 'queues'>, log: Logger): PollHint {
  const samples: Partial<Record<JobType, Sample>> = {};

  const sample = async (type: JobType) => {
    const before = samples[type] ?? { waiting: 0, active: 0 };
    samples[type] = { ...before, takenAtMs: Date.now() };
    try {
      const { waiting, active } = await store.queues.countWaiting(type);
      samples[type] = { takenAtMs: Date.now(), waiting, active };
    } catch (error) {
      // It is only a hint. When Redis is down, the request itself fails.
      log.debug({ error: describeError(error) }, 'could not sample the queue');
    }
  };

  return (job): Record<string, string> => {
    if (isTerminal(job.status)) return {};
    const taken = samples[job.type];
    if (!taken || Date.now() - taken.takenAtMs > sampleIntervalMs) void sample(job.type);
    const ms = Math.min(maxMs, Math.max(minMs, expectedMs(job, taken)));
    return {
      'Retry-After': String(Math.ceil(ms / 1_000)),
      'openai-poll-after-ms': String(ms),
    };
  };
}

function expectedMs(job: PublicJob, sample: Sample | undefined): number {
  if (job.next_attempt_at !== null) return Date.parse(job.next_attempt_at) - Date.now();
  if (job.status === 'in_progress' || !sample) return minMs;
  return Math.ceil(sample.waiting / Math.max(1, sample.active)) * 1_000;
}
