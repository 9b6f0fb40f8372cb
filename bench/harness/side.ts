import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { ProgramName } from './service.ts';

/** One of the services that are compared. */
export interface Side {
  name: string;
  api: ProgramName;
  worker: ProgramName;
  preload: ProgramName[];
  /** Of all its keys in Redis. */
  prefix: string;
  /** The stream of its audit events. */
  auditKey: string;
  submitPath: string;
  readyPath: string;
  /** Settings of its processes beyond those of the stack. */
  environment(concurrency: number): Record<string, string>;
  /** How many of its jobs are over, with all that belongs to it. */
  finished(redis: Redis): Promise<number>;
}

/** promptq as it is shipped. @param prefix of its keys, when there are two on one Redis */
export function ours(prefix = '{promptq}'): Side {
  const auditKey = `${prefix}:audit`;
  return {
    name: 'ours',
    api: 'api',
    worker: 'worker',
    preload: [],
    prefix,
    auditKey,
    submitPath: '/v1/jobs',
    readyPath: '/readyz',
    environment: (concurrency) => ({
      REDIS_PREFIX: prefix,
      WORKER_CONCURRENCY: String(concurrency),
    }),
    finished: (redis) => redis.xlen(auditKey),
  };
}

/** promptq without its audit: a job is over when BullMQ has finished it. */
export function oursWithoutSettlement(): Side {
  const prefix = '{unsettled}';
  return {
    ...ours(prefix),
    name: 'without settlement',
    preload: ['noSettlement'],
    finished: (redis) => redis.zcard(`${prefix}:chat:completed`),
  };
}

/** What a good engineer writes in an afternoon: `bench/diy/`. */
export const diy: Side = {
  name: 'DIY',
  api: 'diyApi',
  worker: 'diyWorker',
  preload: [],
  prefix: 'bull',
  auditKey: 'audit',
  submitPath: '/jobs',
  readyPath: '/health',
  environment: (concurrency) => ({ CONCURRENCY: String(concurrency) }),
  finished: (redis) => redis.xlen('audit'),
};

/** The queue of a side, to pause it; its settings in Redis are left as they are. */
export function queueOf(side: Pick<Side, 'prefix'>, redis: Redis): Queue {
  return new Queue('chat', {
    connection: redis,
    prefix: side.prefix,
    skipMetasUpdate: true,
  });
}
