import { SpanKind, type Telemetry } from 'bullmq';
import { jobTypes, type JobType } from '@promptq/shared/contracts';
import { logFault, type Logger } from '@promptq/shared/logging';
import { auditVerbs } from './audit/verbs.ts';
import { batchVerbs } from './batches/verbs.ts';
import {
  checkDataVersion,
  checkServer,
  connectApi,
  connectWorker,
  untilReady,
} from './connection/index.ts';
import type { FinishedJob, StoreContext } from './context.ts';
import { openDeliveries } from './deliveries/open-queue.ts';
import { deliveryVerbs } from './deliveries/verbs.ts';
import { readBoardJob, readBoardPage, type BoardState } from './board/read-board.ts';
import { listJobs, type JobQuery } from './job-index/list.ts';
import { addJob, type AddLimits, type Idempotency } from './jobs/add.ts';
import { cancelJob } from './jobs/cancel.ts';
import { findJob } from './jobs/find.ts';
import { jobBackendFactory, type JobBackend } from './jobs/job-backend.ts';
import { storeKeys } from './keys.ts';
import { outputVerbs } from './output/verbs.ts';
import { countRequest, isKnown, type CountedRequest } from './limits/rate.ts';
import { countWaiting, hasWaitingJobs } from './queues/count-waiting.ts';
import { openQueue } from './queues/open-queue.ts';
import {
  isPoolPaused,
  pausePool,
  resetPoolPause,
  type PoolPauseRequest,
} from './queues/pause-pool.ts';
import { pauseQueue, resumeQueue } from './queues/pause.ts';
import { readQueueState } from './queues/read-state.ts';
import { queueNameOf, queueRegistry, type QueueKind } from './queues/registry.ts';
import { wakeWorkers } from './queues/wake.ts';
import { workerHost } from './queues/worker-options.ts';
import { openSubscriptions } from './subscriptions/open-subscriptions.ts';
import type { JobData, JobSpec } from './shared-jobs.ts';
import { guardVerbs } from './guard-verbs.ts';
import { workerGroups } from './worker-groups.ts';

/** What a process opens the store with. */
export interface StoreOptions {
  url: string;
  /** What every key begins with: a name in braces. */
  prefix: string;
  /** An API fails fast when Redis is away; a worker waits. */
  role: 'api' | 'worker';
  log: Logger;
  resultTtlSeconds: number;
  /** Without it, this process trims no audit events. */
  auditTtlSeconds?: number;
  /** What limits the jobs that are submitted alone; a process that submits none leaves it out. */
  limits?: AddLimits;
  /** When jobs carry the trace that they are submitted in. */
  telemetry?: Telemetry | undefined;
  /** Called for each job that ends in this process. */
  onFinished?: (job: FinishedJob) => void;
}

const unlimited: AddLimits = {
  maxWaiting: Number.MAX_SAFE_INTEGER,
  maxOpenPerTenant: 0,
  tenantWeights: null,
};

/**
 * Opens the store: once per process. It returns at once; verbs throw `StoreUnavailableError` until Redis is there.
 * `start` has to be awaited before jobs are added.
 */
export function openStore(options: StoreOptions) {
  const { url, prefix, role, log, resultTtlSeconds, telemetry } = options;
  const redis = role === 'api' ? connectApi(url, log) : connectWorker(url, log);
  const keys = storeKeys(prefix);
  const registry = queueRegistry(redis, keys);
  const context: StoreContext = {
    redis,
    keys,
    prefix,
    queues: registry,
    log,
    resultTtlSeconds,
    auditTtlSeconds: options.auditTtlSeconds ?? null,
    onFinished: options.onFinished ?? (() => undefined),
    backendOf: (queue) => queueOf(queue).getBackend() as unknown as JobBackend,
    traceAdd: async (queue, type, add) =>
      await queueOf(queue).trace(SpanKind.PRODUCER, 'add', `${queue}.${type}`, (_span, trace) =>
        add(trace),
      ),
  };
  const factory = jobBackendFactory(context);
  const queues = new Map(
    jobTypes
      .map(queueNameOf)
      .map((name) => [name, openQueue<JobData>(context, name, factory, telemetry)]),
  );
  const queueOf = (name: string) => {
    const queue = queues.get(name);
    if (!queue) throw new RangeError(`there is no queue ${name}`);
    return queue;
  };
  const limits = options.limits ?? unlimited;
  const deliveries = openDeliveries(context);
  const subscriptions = openSubscriptions(context);
  return {
    context,
    /**
     * Resolves when Redis is there, is one that promptq can work on, and holds data of this version.
     * @throws {Error} when it is not; the reason of `signal` when that aborts
     */
    start: async (signal: AbortSignal): Promise<void> => {
      await untilReady(redis, signal);
      await checkServer(redis, log);
      await checkDataVersion(redis, keys);
      await registry.load();
      await subscriptions.untilReady(signal);
      // Redis may have lost its data while the connection was lost.
      redis.on('ready', () => {
        registry
          .load()
          .catch((error: unknown) =>
            logFault(log, error, 'the queues could not be registered again'),
          );
      });
    },
    /** Whether the connection is usable. */
    isReady: () => redis.status === 'ready',
    close: async (): Promise<void> => {
      subscriptions.close();
      await Promise.all([...queues.values(), deliveries].map((queue) => queue.close()));
      redis.disconnect();
    },
    jobs: guardVerbs({
      add: (spec: JobSpec, idempotency: Idempotency | null = null) =>
        addJob(context, limits, spec, idempotency),
      find: (id: string, tenant: string | null) => findJob(context, id, tenant),
      cancel: (id: string, tenant: string | null) => cancelJob(context, id, tenant),
      list: (query: JobQuery, signal: AbortSignal) => listJobs(context, query, signal),
    }),
    queues: {
      ...guardVerbs({
        readState: (kind: QueueKind) => readQueueState(context, kind),
        pause: (type: JobType) => pauseQueue(queueOf(queueNameOf(type))),
        resume: (type: JobType) => resumeQueue(queueOf(queueNameOf(type))),
        pausePool: (type: JobType, pause: PoolPauseRequest) => pausePool(context, type, pause),
        isPoolPaused: (type: JobType) => isPoolPaused(context, type),
        resetPoolPause: (type: JobType) => resetPoolPause(context, type),
        countWaiting: (type: JobType) => countWaiting(context, type),
        hasWaitingJobs: (kind: QueueKind) => hasWaitingJobs(context, kind),
        wake: (type: JobType) => wakeWorkers(context, type),
      }),
      workerHost: (kind: QueueKind) => workerHost(context, factory, kind),
    },
    limits: guardVerbs({
      countRequest: (request: CountedRequest) => countRequest(context, request),
      isKnown: (scope: string) => isKnown(context, scope),
    }),
    ...workerGroups(context),
    subscriptions: subscriptions.verbs,
    board: guardVerbs({
      readPage: (
        kind: QueueKind,
        states: readonly BoardState[],
        page: { first: number; last: number; fields: readonly string[] },
      ) => readBoardPage(context, kind, states, page),
      readJob: (kind: QueueKind, id: string, fields: readonly string[]) =>
        readBoardJob(context, kind, id, fields),
    }),
    batches: batchVerbs(context),
    deliveries: deliveryVerbs(context, deliveries),
    audit: auditVerbs(context),
    output: outputVerbs(context),
  };
}

export type Store = ReturnType<typeof openStore>;
