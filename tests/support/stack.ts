import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { inject } from 'vitest';
import type { AuditEvent, PublicJob } from '@promptq/shared/contracts';
import { checkContract } from './contract.ts';
import { testKeys, type TestKeys } from './keys.ts';
import { startApi, startWorker, type Service } from './processes.ts';
import { until } from './until.ts';
import { startUpstream, type MockUpstream } from './upstream.ts';

export interface Stack {
  prefix: string;
  keys: TestKeys;
  redis: Redis;
  upstream: MockUpstream;
  environment: Record<string, string>;
  api: Service & { url: string };
  /** A request to the API; its answer is checked against the OpenAPI document. */
  request(path: string, init?: RequestInit): Promise<Response>;
  submit(body: object): Promise<PublicJob>;
  get(id: string): Promise<PublicJob>;
  /** The job, when it is terminal. */
  finished(id: string): Promise<PublicJob>;
  /** All audit events, oldest first, read from Redis itself. */
  auditEvents(): Promise<AuditEvent[]>;
  worker(more?: Record<string, string>, file?: string): Promise<Service>;
  close(): Promise<void>;
}

/**
 * A real API process, a mock upstream and, when asked for, real worker processes, on keys of their own.
 * @param redisUrl of the Redis that the test itself looks at; `REDIS_URL` in `more` is what the processes use
 */
export async function startStack(
  more: Record<string, string> = {},
  redisUrl = inject('redisUrl'),
): Promise<Stack> {
  const prefix = `{test-${randomBytes(6).toString('hex')}}`;
  const keys = testKeys(prefix);
  const redis = new Redis(redisUrl);
  const upstream = await startUpstream();
  const environment = {
    REDIS_URL: redisUrl,
    REDIS_PREFIX: prefix,
    OPENAI_BASE_URL: upstream.baseUrl,
    OPENAI_API_KEY: 'sk-test-secret',
    ...more,
  };
  const api = await startApi(environment);
  const services: Service[] = [api];

  const request: Stack['request'] = async (path, init) => {
    const response = await fetch(`${api.url}${path}`, init);
    await checkContract(api.url, path, init?.method ?? 'GET', response.clone());
    return response;
  };
  const get: Stack['get'] = async (id) =>
    (await request(`/v1/jobs/${id}`)).json() as Promise<PublicJob>;
  return {
    prefix,
    keys,
    redis,
    upstream,
    environment,
    api,
    request,
    get,
    submit: async (body) => {
      const response = await request('/v1/jobs', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      if (response.status !== 202) throw new Error(`not accepted: ${await response.text()}`);
      return response.json() as Promise<PublicJob>;
    },
    finished: (id) =>
      until(`${id} is terminal`, async () => {
        const job = await get(id);
        return job.finished_at !== null && job;
      }),
    auditEvents: async () =>
      (await redis.xrange(keys.audit, '-', '+')).map(([, fields]) =>
        JSON.parse(fields[fields.indexOf('event') + 1] as string),
      ),
    worker: async (environmentMore = {}, file) => {
      const worker = await startWorker({ ...environment, ...environmentMore }, file);
      services.push(worker);
      return worker;
    },
    close: async () => {
      await Promise.all(services.map((service) => service.kill('SIGKILL')));
      await upstream.close();
      await removeKeys(redis, prefix);
      redis.disconnect();
    },
  };
}

/** Removes what a test wrote, key by key: the Redis may not be ours alone. */
export async function removeKeys(redis: Redis, prefix: string): Promise<void> {
  for await (const found of redis.scanStream({ match: `${prefix}*`, count: 1_000 })) {
    const names = found as string[];
    if (names.length > 0) await redis.unlink(...names);
  }
}
