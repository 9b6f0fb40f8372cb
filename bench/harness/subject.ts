import { hashOfApiKey, newApiKey, writeKeyEntry, type Scope } from '@promptq/shared/api-keys';
import { controlByApi, controlByBullmq, type ControlQueue } from './control-queue.ts';
import { diyKeys, promptqKeys, type SubjectKeys } from './redis-keys.ts';
import type { ProgramName } from './service.ts';

/** One of the services that are compared. */
export interface Subject {
  name: string;
  api: ProgramName;
  worker: ProgramName;
  keys: SubjectKeys;
  submitPath: string;
  /** Answers 200 when the API is ready. */
  apiReadyPath: string;
  /** Answers 200 on `HEALTH_PORT` when a worker is ready. `null`: its workers have no such endpoint. */
  workerReadyPath: string | null;
  /** Sent with each submission. */
  headers: Record<string, string>;
  /** Sent with each operation on its queue. */
  operatorHeaders: Record<string, string>;
  controlQueue: ControlQueue;
  /** Settings of its processes, in addition to those that all subjects get. */
  environment(concurrency: number): Record<string, string>;
}

/** promptq with its default settings. @param prefix of its keys; two subjects on one Redis need different ones */
export function promptq(prefix = '{promptq}'): Subject {
  return {
    name: 'promptq',
    api: 'api',
    worker: 'worker',
    keys: promptqKeys(prefix),
    submitPath: '/v1/jobs',
    apiReadyPath: '/readyz',
    workerReadyPath: '/readyz',
    headers: {},
    operatorHeaders: {},
    controlQueue: controlByApi,
    environment: (concurrency) => ({
      REDIS_PREFIX: prefix,
      WORKER_CONCURRENCY: String(concurrency),
    }),
  };
}

/** promptq with API keys. The benchmark submits with the first of the given keys. */
export function promptqWithKeys(apiKeys: readonly ApiKey[], prefix: string): Subject {
  const subject = promptq(prefix);
  // A key of its own: a tenant's key with this scope would list the jobs of all tenants.
  const operator = createApiKey('operator');
  const entries = [
    ...apiKeys.map((apiKey) => toEntry(apiKey, ['jobs'])),
    toEntry(operator, ['admin']),
  ];
  return {
    ...subject,
    name: 'promptq with keys',
    headers: apiKeys[0]?.headers ?? {},
    operatorHeaders: operator.headers,
    environment: (concurrency) => ({
      ...subject.environment(concurrency),
      API_KEYS: entries.join(','),
    }),
  };
}

export interface ApiKey {
  id: string;
  key: string;
  tenant: string;
  headers: Record<string, string>;
}

/** A new API key of a tenant. */
export function createApiKey(tenant: string): ApiKey {
  const { id, key } = newApiKey();
  return { id, key, tenant, headers: { Authorization: `Bearer ${key}` } };
}

function toEntry({ id, tenant, key }: ApiKey, scopes: Scope[]): string {
  return writeKeyEntry({ id, tenant, scopes, hash: hashOfApiKey(key) });
}

/** The hand-written service in `bench/diy/`. */
export const diy: Subject = {
  name: 'DIY',
  api: 'diyApi',
  worker: 'diyWorker',
  keys: diyKeys,
  submitPath: '/jobs',
  apiReadyPath: '/health',
  workerReadyPath: null,
  headers: {},
  operatorHeaders: {},
  controlQueue: controlByBullmq,
  environment: (concurrency) => ({ CONCURRENCY: String(concurrency) }),
};
