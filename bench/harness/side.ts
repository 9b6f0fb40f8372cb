import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { hashOfApiKey, newApiKey, writeKeyEntry } from '@promptq/shared/api-keys';
import type { ProgramName } from './service.ts';

/** One of the services that are compared. */
export interface Side {
  name: string;
  api: ProgramName;
  worker: ProgramName;
  /** Loaded before its workers, and before its API. */
  preload: ProgramName[];
  preloadApi?: ProgramName[];
  /** Of all its keys in Redis. */
  prefix: string;
  /** The stream of its audit events. */
  auditKey: string;
  submitPath: string;
  readyPath: string;
  /** Of each submission. */
  headers: Record<string, string>;
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
    headers: {},
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

/** promptq with an API key for each of its tenants; the first one's goes with what the stack submits. */
export function oursWithKeys(keys: readonly TenantKey[], prefix: string): Side {
  const side = ours(prefix);
  const entries = keys.map(({ id, tenant, key }) =>
    writeKeyEntry({ id, tenant, scopes: ['jobs'], hash: hashOfApiKey(key) }),
  );
  return {
    ...side,
    name: 'with keys',
    headers: keys[0]?.headers ?? {},
    environment: (concurrency) => ({
      ...side.environment(concurrency),
      API_KEYS: entries.join(','),
    }),
  };
}

/** The same without the fair share of tenants. */
export function oursWithoutFairShare(keys: readonly TenantKey[], prefix: string): Side {
  return { ...oursWithKeys(keys, prefix), name: 'without fair share', preloadApi: ['noFairShare'] };
}

export interface TenantKey {
  id: string;
  key: string;
  tenant: string;
  headers: Record<string, string>;
}

/** A new key of a tenant. */
export function tenantKey(tenant: string): TenantKey {
  const { id, key } = newApiKey();
  return { id, key, tenant, headers: { Authorization: `Bearer ${key}` } };
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
  headers: {},
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
