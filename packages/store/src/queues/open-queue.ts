import { Queue, type BackendFactory, type Telemetry } from 'bullmq';
import type { Redis } from 'ioredis';

/**
 * Opens a BullMQ queue over the store's connection. It is usable when the connection is.
 * @param backendFactory the default is BullMQ's own
 * @param telemetry stores the trace of the submission with each job
 */
export function openQueue<Data>(
  { redis, prefix }: { redis: Redis; prefix: string },
  name: string,
  backendFactory?: BackendFactory,
  telemetry?: Telemetry,
): Queue<Data> {
  const options = {
    connection: redis,
    prefix,
    // BullMQ would immediately write its metadata, even into data of another version (see data-version.ts).
    skipMetasUpdate: true,
    ...(telemetry ? { telemetry } : {}),
  };
  const queue = new Queue<Data>(name, options, backendFactory as never);
  // The connection reports its own faults. Without a listener, BullMQ would print them again.
  queue.on('error', () => undefined);
  return queue;
}
