import type { Redis } from 'ioredis';
import { describeError, type Logger } from '@promptq/shared/logging';
import { jobTypeOf } from '@promptq/shared/jobs';
import { luaScript, type RedisKeys } from '@promptq/shared/redis';

const pollIntervalMs = 500;
const jobBatchSize = 200;

/**
 * What changes when a job begins, makes progress, is tried again or ends, without its data, which can be large.
 * Its lock is there while it runs (BullMQ 6: `ats` attempts started, `atm` made).
 */
const pollScript = luaScript(
  'promptqLook',
  `
local states = {}
for at = 1, #KEYS, 2 do
  local fields = redis.call('HMGET', KEYS[at], 'ats', 'atm', 'finishedOn', 'progress')
  fields[5] = redis.call('EXISTS', KEYS[at + 1])
  for i = 1, 4 do fields[i] = fields[i] or '' end
  states[#states + 1] = table.concat(fields, ' ')
end
return states
`,
);

export interface States {
  /** Calls back when the job may have changed, until what is returned is called. */
  watch(jobId: string, onChange: () => void): () => void;
  close(): void;
}

/**
 * Polls the watched jobs every half second with as few commands as possible. The start and the progress of a job are not
 * published, so an unwatched job costs nothing.
 */
export function watchStates(redis: Redis, keys: RedisKeys, log: Logger): States {
  const watched = new Map<string, { listeners: Set<() => void>; state: string | null }>();
  let isPolling = false;

  const pollJobs = async (ids: string[]) => {
    const names = ids.flatMap((id) => {
      const job = keys.job(jobTypeOf(id) ?? 'chat', id);
      return [job, `${job}:lock`];
    });
    const states = (await pollScript(redis, names, [])) as string[];
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
  const timer = setInterval(() => void poll(), pollIntervalMs);
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
