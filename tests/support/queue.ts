import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { JobType } from '@promptq/shared/contracts';
import { openQueue as openNamedQueue } from '#packages/store/src/queues/open-queue.ts';
import { queueNameOf } from '#packages/store/src/queues/registry.ts';

/** BullMQ's own view of the queue of a type: for what an operator or a stranger may do to it by hand. */
export function openQueue<Data = unknown>(
  { redis, prefix }: { redis: Redis; prefix: string },
  type: JobType,
): Queue<Data> {
  return openNamedQueue<Data>({ redis, prefix }, queueNameOf(type));
}
