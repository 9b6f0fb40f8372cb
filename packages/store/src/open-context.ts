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

/** The options of the store. */
export interface StoreOptions {
  url: string;
  /** The prefix of every key: a name in braces. */
  prefix: string;
  /** An API process fails fast when Redis is unavailable; a worker process waits. */
  role: 'api' | 'worker';
  log: Logger;
  /** How long a finished job is kept. */
  resultTtlSeconds: number;
  /** How long an audit event is kept. Without it, this process trims no audit events. */
  auditTtlSeconds?: number;
  /** Stores the trace of the submission with each job. */
  telemetry?: Telemetry | undefined;
  /** Called for each job that ends in this process. */
  onFinished?: (job: FinishedJob) => void;
}

/** Opens the connection, the queues and the subscriptions over one Redis. It does not wait for Redis. */
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
      // After a reconnection, Redis may have lost its data.
      redis.on('ready', () => {
        registry
          .load()
          .catch((error: unknown) =>
            logFault(log, error, 'could not register the queues again after a reconnection'),
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
