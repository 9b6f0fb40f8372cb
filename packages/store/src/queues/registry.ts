import type { Redis } from 'ioredis';
import { jobTypes, type JobType } from '@promptq/shared/contracts';
import { jobTypeOf, queueNumberOf } from '@promptq/shared/jobs';
import type { StoreKeys } from '../keys.ts';
import { hashFields } from '../scripts/reply.ts';
import { defineScript } from '../scripts/script.ts';

const register = defineScript(import.meta.url, 'register');

/** The only route until routes can be configured. */
const defaultRoute = 'default';

/** The name of the queue that holds the jobs of a type: `<type>.<route>`. */
export function queueNameOf(type: JobType): string {
  return `${type}.${defaultRoute}`;
}

/** The queue of deliveries. It has no number, because its jobs have no job ids. */
export const webhooksQueue = 'webhooks';

/** A queue, named by the kind of its jobs. */
export type QueueKind = JobType | typeof webhooksQueue;

export function queueNameFor(kind: QueueKind): string {
  return kind === webhooksQueue ? webhooksQueue : queueNameOf(kind);
}

/** The queues and their numbers. A job's id contains the number of its queue, so the id alone identifies the queue. */
export interface QueueRegistry {
  /** The names of all queues of jobs that this process knows. */
  names(): string[];
  /** The queue number in the ids of new jobs of a type. @throws {Error} before the first `load` */
  numberOf(type: JobType): number;
  /** The queue of the job with this id, or `null` when the id cannot belong to a job in this Redis. */
  queueOf(jobId: string): string | null;
  /** Registers this process's queues and reads all numbers. Call it again when Redis may have lost its data. */
  load(): Promise<void>;
}

export function queueRegistry(redis: Redis, keys: StoreKeys): QueueRegistry {
  const own = jobTypes.map(queueNameOf);
  let numbers = new Map<string, number>();
  let names = new Map<number, string>();
  return {
    names: () => [...new Set([...own, ...numbers.keys()])],
    numberOf: (type) => {
      const number = numbers.get(queueNameOf(type));
      if (number === undefined) throw new Error('the queues are not registered yet');
      return number;
    },
    queueOf: (jobId) => {
      const type = jobTypeOf(jobId);
      const name = type && names.get(queueNumberOf(jobId));
      return name?.startsWith(`${type}.`) ? name : null;
    },
    load: async () => {
      const queues = own.map((name) => ({ name, number: numbers.get(name) ?? 0 }));
      const flat = await register(redis, { keys: [keys.queues], control: { queues } });
      const entries = Object.entries(hashFields(flat as string[]));
      numbers = new Map(entries.map(([name, number]) => [name, Number(number)]));
      names = new Map(entries.map(([name, number]) => [Number(number), name]));
    },
  };
}
