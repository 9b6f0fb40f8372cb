import { BaseAdapter } from '@bull-board/api/dist/queueAdapters/base.js';
import type {
  JobCounts,
  JobSchedulerUpdateResult,
  JobStatus,
  QueueJob,
  QueueMetrics,
  Status,
} from '@bull-board/api/typings/app';
import type { BoardState, QueueKind, QueueSnapshot, Store } from '@promptq/store';
import { boardFields, boardStates, toBoardJob, type BoardJob } from './board-job.ts';

/** Shown in place of the input and the output. */
const redacted = 'not shown on this board';

/** The highest position in a queue that is read. No queue is that long, and Redis accepts no much larger number. */
const maxJobs = 1_000_000_000;

const isBoardState = (status: JobStatus): status is BoardState =>
  boardStates.some((state) => state === status);

/** The board is read-only, so all writing methods of the library are rejected. */
const refuse = (): Promise<never> => Promise.reject(new Error('the board is read-only'));

interface Deps {
  store: Pick<Store, 'board' | 'queues'>;
  queue: QueueKind;
}

/**
 * The adapter between a queue and the library. The library's own adapter reads whole jobs, with their prompts, and
 * hides parts of them with formatters, which do not exist for logs, options and failure reasons. This adapter never
 * reads prompts, so it cannot show them.
 */
export class BoardQueue extends BaseAdapter {
  readonly #deps: Deps;
  #pending: Promise<QueueSnapshot> | null = null;

  constructor(deps: Deps) {
    super('bullmq', { readOnlyMode: true, allowRetries: false });
    this.#deps = deps;
  }

  /** The library asks for counts, pause and limit at the same time. One read serves all three. */
  #state(): Promise<QueueSnapshot> {
    const { store, queue } = this.#deps;
    this.#pending ??= store.queues.readState(queue).finally(() => {
      this.#pending = null;
    });
    return this.#pending;
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
    const { store, queue } = this.#deps;
    const page = { first, last, fields: boardFields };
    const rows = await store.board.readPage(queue, statuses.filter(isBoardState), page);
    return rows.map((row) => toQueueJob(toBoardJob(queue, row)));
  }
  async getJob(id: string): Promise<QueueJob | null> {
    const { store, queue } = this.#deps;
    const row = await store.board.readJob(queue, id, boardFields);
    return row && toQueueJob(toBoardJob(queue, row));
  }

  /** Never shown, because the log of a delivery contains the answers of its receiver. */
  async getJobLogs(): Promise<string[]> {
    return [];
  }
  /** promptq has no metrics in BullMQ. They are at `/metrics`. */
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
  /** Never shown, because `INFO` describes the server and its other users. */
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
