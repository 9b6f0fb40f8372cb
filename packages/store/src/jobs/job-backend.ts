import {
  QueueKeys,
  raw2NextJobData,
  RedisConnection,
  RedisQueueBackend,
  type BackendFactory,
  type Job,
  type MinimalJob,
  type MoveToDelayedOpts,
  type QueueBaseOptions,
} from 'bullmq';
import { readFailure } from '@promptq/shared/failure';
import type { StoreContext } from '../context.ts';
import { bullmqScript } from '../scripts/bullmq-scripts.ts';
import { defineWrappedScript } from '../scripts/script.ts';
import {
  createdAtOf,
  jobTypeOf,
  startBy,
  withDefaults,
  type JobData,
  type JobResult,
} from '@promptq/shared/jobs';
import { finishArgs, reportFinished } from './finish-args.ts';
import type { FinishedRecord, WaitingJob, WaitingJobFinisher } from './finished-job.ts';

const finishKeys = bullmqScript('moveToFinished').keys;
const finish = defineWrappedScript(import.meta.url, 'finish', 1);
const fetch = defineWrappedScript(import.meta.url, 'fetch', bullmqScript('moveToActive').keys);

type Args = (string | number | Buffer)[];
type KeepJobs = Parameters<RedisQueueBackend['moveToCompletedArgs']>[2];
/** BullMQ types this job as its smallest interface, but passes the whole job. */
type Finishing = Job<JobData, JobResult>;

/**
 * BullMQ's access to Redis for a queue of jobs, with the store's own scripts where a job is fetched and where it ends.
 * BullMQ can end a job without a processor, when it stalled too often. So this is the one place that every end of an
 * active job passes through. bullmq-scripts.test.ts checks the wrapped methods and scripts.
 */
export class JobBackend extends RedisQueueBackend implements WaitingJobFinisher {
  readonly #context: StoreContext;

  constructor(
    context: StoreContext,
    connection: RedisConnection,
    name: string,
    opts: QueueBaseOptions & { prefix?: string },
    blockingConnection?: RedisConnection,
  ) {
    const keys = new QueueKeys(opts.prefix);
    super(
      connection,
      name,
      keys.getKeys(name),
      (type) => keys.toKey(name, type),
      opts,
      blockingConnection,
    );
    this.#context = context;
  }

  override execCommand(
    client: Parameters<RedisQueueBackend['execCommand']>[0],
    command: string,
    args: Args,
  ): unknown {
    return command === 'moveToActive'
      ? fetch(this.#context.redis, args)
      : super.execCommand(client, command, args);
  }

  override async moveToCompleted<T, R, N extends string>(
    job: MinimalJob<T, R, N>,
    returnValue: R,
    removeOnComplete: KeepJobs,
    token: string,
    fetchNext: boolean,
  ) {
    // BullMQ types this argument as the value, but its script stores the JSON text.
    const text = JSON.stringify(returnValue) as R;
    const args = this.moveToCompletedArgs(job, text, removeOnComplete, token, fetchNext) as Args;
    return this.#finish(job as unknown as Finishing, args, {
      at: 'completed',
      result: returnValue as JobResult,
      finishedAtMs: Number(args[finishKeys + 1]),
    });
  }

  override async moveToFailed<T, R, N extends string>(
    job: MinimalJob<T, R, N>,
    reason: string,
    removeOnFail: KeepJobs,
    token: string,
    fetchNext: boolean,
    fieldsToUpdate?: Record<string, unknown>,
  ) {
    const args = this.moveToFailedArgs(
      job,
      reason,
      removeOnFail,
      token,
      fetchNext,
      fieldsToUpdate,
    ) as Args;
    const { stalledCounter } = job as unknown as Finishing;
    return this.#finish(job as unknown as Finishing, args, {
      at: 'failed',
      failure: readFailure(reason, stalledCounter),
      finishedAtMs: Number(args[finishKeys + 1]),
    });
  }

  /**
   * BullMQ would fetch the next job in the same script, which does not check its deadline. So it is fetched separately.
   */
  override moveToDelayed(
    jobId: string,
    timestamp: number,
    delay: number,
    token?: string,
    opts?: MoveToDelayedOpts,
  ) {
    return super.moveToDelayed(jobId, timestamp, delay, token, { ...opts, fetchNext: false });
  }

  /** Ends a job that no worker runs. @returns 'running' or 'changed' when the job differs from `waiting` */
  async finishWaiting(
    record: FinishedRecord,
    reason: string,
    waiting: WaitingJob,
  ): Promise<'finished' | 'gone' | 'running' | 'changed'> {
    const { id, type, maxAttempts, state } = record;
    const job = { id, opts: { attempts: maxAttempts } } as unknown as Finishing;
    const token = `finish:${id}`;
    const args = this.moveToFailedArgs(
      job,
      reason,
      undefined as unknown as KeepJobs,
      token,
      false,
    ) as Args;
    args[finishKeys + 1] = state.finishedAtMs;
    const end = finishArgs(this.#context, record, waiting);
    const reply = await this.#runFinish(args, end.args);
    const [result, endedBatch] = reply as [unknown, string?];
    if (result === 'running' || result === 'changed') return result;
    if (typeof result === 'number' && result < 0) return 'gone';
    reportFinished(this.#context, { id, type }, end.status, endedBatch ?? '');
    return 'finished';
  }

  async #finish(job: Finishing, args: Args, state: FinishedRecord['state']) {
    await this.client;
    const record = this.#toRecord(job, state);
    const end = finishArgs(this.#context, record);
    const reply = await this.#runFinish(args, end.args);
    const [result, endedBatch] = reply as [unknown[] | number, string?];
    if (typeof result === 'number' && result < 0) {
      throw this.finishedErrors({
        code: result,
        jobId: record.id,
        command: 'moveToFinished',
        state: 'active',
      });
    }
    reportFinished(this.#context, record, end.status, endedBatch ?? '');
    return {
      result: raw2NextJobData(result as unknown[]),
      finishedOn: state.finishedAtMs,
    };
  }

  /** Of BullMQ's keys only the job's is sent: the script builds the others. */
  #runFinish(args: Args, more: Args): Promise<unknown> {
    const jobKey = args[finishKeys - 3] as string;
    return finish(this.#context.redis, [jobKey, ...args.slice(finishKeys), ...more]);
  }

  #toRecord(job: Finishing, state: FinishedRecord['state']): FinishedRecord {
    const id = job.id as string;
    const type = jobTypeOf(id) ?? (this.name.split('.', 1)[0] as FinishedRecord['type']);
    const data = withDefaults(job.data ?? {});
    return {
      id,
      type,
      data,
      state,
      maxAttempts: job.opts.attempts ?? 1,
      attemptsMade: job.attemptsMade + 1,
      attemptsStarted: job.attemptsStarted,
      createdAtMs: createdAtOf(id) ?? job.timestamp,
      startByMs: startBy(job.timestamp, job.opts.delay ?? 0, data.start_within_seconds),
      startedAtMs: job.processedOn ?? null,
      progress: null,
      worker: job.processedBy ?? null,
      trace: job.opts.telemetry?.metadata,
    };
  }
}

/** Makes the backends of queues and workers, all over the store's one connection. */
export function jobBackendFactory(context: StoreContext): BackendFactory<JobBackend> {
  return (name, opts, { withBlockingConnection = false } = {}) => {
    const connection = new RedisConnection(context.redis, { shared: true, blocking: false });
    // A worker blocks its connection while it waits for work, so it needs a separate one.
    const blocking = withBlockingConnection
      ? new RedisConnection(context.redis.duplicate(), { shared: false, blocking: true })
      : undefined;
    return new JobBackend(context, connection, name, opts, blocking);
  };
}
