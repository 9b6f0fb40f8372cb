import type { Redis } from 'ioredis';
import type { JobType } from '@promptq/shared/contracts';
import { newJobId } from '@promptq/shared/jobs';
import { storeKeys } from '#packages/store/src/keys.ts';
import { queueNameOf } from '#packages/store/src/queues/registry.ts';

/** The keys of the store, with those of the queues named by the type of their jobs. */
export function testKeys(prefix: string) {
  const keys = storeKeys(prefix);
  /** A key of BullMQ's. */
  const ofType = (type: JobType, name: string) => keys.queueKey(queueNameOf(type), name);
  return {
    ...keys,
    ofType,
    /** The hash of a job. */
    job: (type: JobType, id: string) => ofType(type, id),
    lock: (type: JobType, id: string) => `${ofType(type, id)}:lock`,
    prioritized: (type: JobType) => ofType(type, 'prioritized'),
    delayed: (type: JobType) => ofType(type, 'delayed'),
    active: (type: JobType) => ofType(type, 'active'),
    completed: (type: JobType) => ofType(type, 'completed'),
    failed: (type: JobType) => ofType(type, 'failed'),
    limiter: (type: JobType) => ofType(type, 'limiter'),
    meta: (type: JobType) => ofType(type, 'meta'),
    events: (type: JobType) => ofType(type, 'events'),
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
