import { Queue, type BackendFactory, type Telemetry } from 'bullmq';
import type { Redis } from 'ioredis';

/**
 * Opens a BullMQ queue over the store's connection. It is usable when the connection is.
 * @param backendFactory without it, BullMQ's own
 * @param telemetry when jobs carry the trace that they are submitted in
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
    // BullMQ would write its metadata at once, also into data of another version (see data-version.ts).
    skipMetasUpdate: true,
    ...(telemetry ? { telemetry } : {}),
  };
  const queue = new Queue<Data>(name, options, backendFactory as never);
  // The connection reports its own faults; without a listener, BullMQ would print each of them again.
  queue.on('error', () => undefined);
  return queue;
}
