import { describeError } from '@promptq/shared/logging';
import type { StoreContext } from '../context.ts';
import { defineScript } from '../scripts/script.ts';

const pollScript = defineScript(import.meta.url, 'poll-changes');

const defaultIntervalMs = 500;
const jobBatchSize = 200;

export interface PolledChanges {
  /** Calls back when the job may have changed, until the returned function is called. */
  watch(jobId: string, onChange: () => void): () => void;
  close(): void;
}

/**
 * Polls the watched jobs with as few commands as possible. The start and the progress of a job are not published, so a
 * job that nobody watches costs nothing.
 */
export function pollChanges(
  { redis, keys, queues, log }: StoreContext,
  intervalMs: number = defaultIntervalMs,
): PolledChanges {
  const watched = new Map<string, { listeners: Set<() => void>; state: string | null }>();
  let isPolling = false;

  const pollJobs = async (ids: string[]) => {
    const names = ids.flatMap((id) => {
      const job = keys.job(queues.queueOf(id) ?? '', id);
      return [job, `${job}:lock`];
    });
    const states = (await pollScript(redis, { keys: names })) as string[];
    ids.forEach((id, index) => {
      const job = watched.get(id);
      const state = states[index] ?? '';
      if (!job || job.state === state) return;
      job.state = state;
      for (const listener of job.listeners) listener();
    });
  };
  const poll = async () => {
    if (isPolling || watched.size === 0 || redis.status !== 'ready') return;
    isPolling = true;
    try {
      const ids = [...watched.keys()];
      for (let at = 0; at < ids.length; at += jobBatchSize) {
        await pollJobs(ids.slice(at, at + jobBatchSize));
      }
    } catch (error) {
      log.debug({ error: describeError(error) }, 'could not poll the watched jobs');
    } finally {
      isPolling = false;
    }
  };
  const timer = setInterval(() => void poll(), intervalMs);
  return {
    watch: (jobId, onChange) => {
      const job = watched.get(jobId) ?? { listeners: new Set(), state: null };
      watched.set(jobId, job);
      job.listeners.add(onChange);
      return () => {
        job.listeners.delete(onChange);
        if (job.listeners.size === 0 && watched.get(jobId) === job) watched.delete(jobId);
      };
    },
    close: () => clearInterval(timer),
  };
}
