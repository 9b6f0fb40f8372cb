import { BaseAdapter } from '@bull-board/api/dist/queueAdapters/base.js';
import type {
  JobCounts,
  JobSchedulerUpdateResult,
  JobStatus,
  QueueJob,
  QueueMetrics,
  Status,
} from '@bull-board/api/typings/app';
import type { Redis } from 'ioredis';
import { readQueueState, type QueueSnapshot } from '@promptq/shared/queues';
import type { RedisKeys } from '@promptq/shared/redis';
import { fromRedis } from '../problems/store-unavailable.ts';
import { boardStates, type BoardJob, type BoardState } from './board-job.ts';
import { readBoardJob, readBoardJobs } from './read-board-jobs.ts';

/** What stands where the input and the output would be. */
const redacted = 'not shown on this board';

/** A page so far down is behind every queue there can be, and Redis takes no larger number for a place in a list. */
const maxJobs = 1_000_000_000;

const isBoardState = (status: JobStatus): status is BoardState =>
  boardStates.some((state) => state === status);

/** The board has no way to write: whatever of the library's asks for it, this is all there is. */
const refuse = (): Promise<never> => Promise.reject(new Error('the board only reads'));

interface Deps {
  redis: Redis;
  keys: RedisKeys;
  /** The BullMQ name of the queue. */
  queue: string;
}

/**
 * A queue as the library sees it. The library's own adapter reads whole jobs, prompts included, and leaves the hiding
 * to formatters, of which there is none for logs, options and failed reasons; this one cannot tell what it never reads.
 */
export class BoardQueue extends BaseAdapter {
  readonly #deps: Deps;
  #asked: Promise<QueueSnapshot> | null = null;

  constructor(deps: Deps) {
    super('bullmq', { readOnlyMode: true, allowRetries: false });
    this.#deps = deps;
  }

  /** The library asks for counts, pause and limit side by side: they come out of one answer. */
  #state(): Promise<QueueSnapshot> {
    const { redis, keys, queue } = this.#deps;
    this.#asked ??= fromRedis(readQueueState(redis, keys, queue, Date.now())).finally(() => {
      this.#asked = null;
    });
    return this.#asked;
  }

  getName(): string {
    return this.#deps.queue;
  }
  getStatuses(): Status[] {
    return ['latest', ...boardStates];
  }
  getJobStatuses(): JobStatus[] {
    return [...boardStates];
  }
  async getJobCounts(): Promise<JobCounts> {
    return { ...(await this.#state()).jobs };
  }
  async isPaused(): Promise<boolean> {
    return (await this.#state()).isPaused;
  }
  override async getActiveRateLimitTtl(): Promise<number> {
    return (await this.#state()).poolPauseMs;
  }
  async getJobs(statuses: JobStatus[], first = 0, last = first): Promise<QueueJob[]> {
    if (last > maxJobs) return [];
    const states = statuses.filter(isBoardState);
    const jobs = await fromRedis(readBoardJobs(this.#deps, states, { first, last }));
    return jobs.map(toQueueJob);
  }
  async getJob(id: string): Promise<QueueJob | null> {
    const job = await fromRedis(readBoardJob(this.#deps, id));
    return job && toQueueJob(job);
  }

  /** The log of a delivery holds what its receiver answered. */
  async getJobLogs(): Promise<string[]> {
    return [];
  }
  /** promptq keeps none in BullMQ: its own are at `/metrics`. */
  async getMetrics(): Promise<QueueMetrics> {
    return { meta: { count: 0, prevTS: 0, prevCount: 0 }, data: [], count: 0 };
  }
  async getJobSchedulers(): Promise<[]> {
    return [];
  }
  async getJobSchedulersCount(): Promise<number> {
    return 0;
  }
  async getGlobalConcurrency(): Promise<null> {
    return null;
  }
  /** `INFO` tells of the server and of everybody else on it. */
  async getRedisInfo(): Promise<null> {
    return null;
  }

  clean(): Promise<never> {
    return refuse();
  }
  addJob(): Promise<never> {
    return refuse();
  }
  pause(): Promise<never> {
    return refuse();
  }
  resume(): Promise<never> {
    return refuse();
  }
  empty(): Promise<never> {
    return refuse();
  }
  obliterate(): Promise<never> {
    return refuse();
  }
  promoteAll(): Promise<never> {
    return refuse();
  }
  removeJobScheduler(): Promise<never> {
    return refuse();
  }
  updateJobScheduler(): Promise<JobSchedulerUpdateResult> {
    return refuse();
  }
  runJobSchedulerNow(): Promise<never> {
    return refuse();
  }
  setGlobalConcurrency(): Promise<never> {
    return refuse();
  }
}

function toQueueJob({ state, ...shown }: BoardJob): QueueJob {
  return {
    opts: { delay: shown.delay },
    getState: async () => state,
    toJSON: () => ({
      ...shown,
      stacktrace: [],
      data: redacted,
      returnvalue: state === 'completed' ? redacted : null,
    }),
    promote: refuse,
    remove: refuse,
    retry: refuse,
  };
}
