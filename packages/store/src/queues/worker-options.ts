import {
  createRedisBackend,
  type BackendFactory,
  type ConnectionOptions,
  type RedisQueueBackend,
} from 'bullmq';
import type { StoreContext } from '../context.ts';
import { queueNameFor, webhooksQueue, type QueueKind } from './registry.ts';

/** What BullMQ's `Worker` needs to host a queue: `new Worker(queue, processor, { connection, prefix, ... }, backendFactory)`. */
export interface WorkerHost {
  /** The queue's name. */
  queue: string;
  connection: ConnectionOptions;
  prefix: string;
  /** BullMQ's access to a queue of jobs. Deliveries use BullMQ's own. */
  backendFactory: BackendFactory<RedisQueueBackend>;
}

/** @param jobs the backends of queues of jobs */
export function workerHost(
  { redis, prefix }: StoreContext,
  jobs: BackendFactory<RedisQueueBackend>,
  kind: QueueKind,
): WorkerHost {
  return {
    queue: queueNameFor(kind),
    connection: redis,
    prefix,
    backendFactory: kind === webhooksQueue ? createRedisBackend : jobs,
  };
}
