import { SpanKind, type Telemetry } from 'bullmq';
import { jobTypes } from '@promptq/shared/contracts';
import { logFault, type Logger } from '@promptq/shared/logging';
import {
  checkDataVersion,
  checkServer,
  connectApi,
  connectWorker,
  untilReady,
} from './connection/index.ts';
import type { FinishedJob, StoreContext } from './context.ts';
import { openDeliveries } from './deliveries/open-queue.ts';
import { jobBackendFactory, type JobBackend } from './jobs/job-backend.ts';
import { storeKeys } from './keys.ts';
import { openQueue } from './queues/open-queue.ts';
import { queueNameOf, queueRegistry } from './queues/registry.ts';
import type { JobData } from '@promptq/shared/jobs';
import { openSubscriptions } from './subscriptions/open-subscriptions.ts';

/** What a process opens the store with. */
export interface StoreOptions {
  url: string;
  /** What every key begins with: a name in braces. */
  prefix: string;
  /** An API fails fast when Redis is away; a worker waits. */
  role: 'api' | 'worker';
  log: Logger;
  /** How long a finished job is kept. */
  resultTtlSeconds: number;
  /** How long an audit event is kept. Without it, this process trims no audit events. */
  auditTtlSeconds?: number;
  /** When jobs carry the trace that they are submitted in. */
  telemetry?: Telemetry | undefined;
  /** Called for each job that ends in this process. */
  onFinished?: (job: FinishedJob) => void;
}

/** Opens the connection, the queues and the subscriptions, all over one Redis. It returns at once. */
export function openContext(options: StoreOptions) {
  const { url, prefix, role, log, resultTtlSeconds, telemetry } = options;
  const redis = role === 'api' ? connectApi(url, log) : connectWorker(url, log);
  const keys = storeKeys(prefix);
  const registry = queueRegistry(redis, keys);
  const queueOf = (name: string) => {
    const queue = queues.get(name);
    if (!queue) throw new RangeError(`there is no queue ${name}`);
    return queue;
  };
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
  const backendFactory = jobBackendFactory(context);
  const queues = new Map(
    jobTypes
      .map(queueNameOf)
      .map((name) => [name, openQueue<JobData>(context, name, backendFactory, telemetry)]),
  );
  const subscriptions = openSubscriptions(context);
  const deliveries = openDeliveries(context);
  return {
    context,
    backendFactory,
    queueOf,
    subscriptions,
    deliveries,
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
    isReady: () => redis.status === 'ready',
    ping: async (): Promise<void> => {
      await redis.ping();
    },
    close: async (): Promise<void> => {
      subscriptions.close();
      await Promise.all([...queues.values(), deliveries].map((queue) => queue.close()));
      redis.disconnect();
    },
  };
}

export type OpenedContext = ReturnType<typeof openContext>;
