import type { Redis } from 'ioredis';
import type { JobType } from '@promptq/shared/contracts';
import { newJobId } from '@promptq/shared/jobs';
import { storeKeys } from '#packages/store/src/keys.ts';
import { queueNameOf } from '#packages/store/src/queues/registry.ts';

/** The keys of the store, with those of the queues named by the type of their jobs. */
export function testKeys(prefix: string) {
  const keys = storeKeys(prefix);
  /** A key of BullMQ, in the queue of a type. */
  const queueKeyOf = (type: JobType, name: string) => keys.queueKey(queueNameOf(type), name);
  return {
    ...keys,
    queueKeyOf,
    /** The hash of a job. */
    job: (type: JobType, id: string) => queueKeyOf(type, id),
    lock: (type: JobType, id: string) => `${queueKeyOf(type, id)}:lock`,
    prioritized: (type: JobType) => queueKeyOf(type, 'prioritized'),
    delayed: (type: JobType) => queueKeyOf(type, 'delayed'),
    active: (type: JobType) => queueKeyOf(type, 'active'),
    completed: (type: JobType) => queueKeyOf(type, 'completed'),
    failed: (type: JobType) => queueKeyOf(type, 'failed'),
    limiter: (type: JobType) => queueKeyOf(type, 'limiter'),
    meta: (type: JobType) => queueKeyOf(type, 'meta'),
    events: (type: JobType) => queueKeyOf(type, 'events'),
    fairTags: (type: JobType, band: number) => keys.fairTags(queueNameOf(type), band),
  };
}

export type TestKeys = ReturnType<typeof testKeys>;

/** The number of the queue of a type. @throws {Error} while no API or worker has registered it */
async function queueNumberOf(
  { redis, keys }: { redis: Redis; keys: Pick<TestKeys, 'queues'> },
  type: JobType,
): Promise<number> {
  const number = await redis.hget(keys.queues, queueNameOf(type));
  if (number === null) throw new Error(`the queue of ${type} is not registered`);
  return Number(number);
}

/** Makes ids of jobs of a type, as the API of this Redis would. */
export async function idMaker(
  stack: { redis: Redis; keys: Pick<TestKeys, 'queues'> },
  type: JobType,
): Promise<(atMs?: number) => string> {
  const number = await queueNumberOf(stack, type);
  return (atMs) => newJobId(type, number, atMs);
}
