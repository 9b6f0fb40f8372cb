import { Redis } from 'ioredis';
import { testKeys, type TestKeys } from '#support/keys.ts';
import { startApi, startProcess, startWorker, type Service } from '#support/processes.ts';
import { startUpstream, type MockUpstream } from '#support/upstream.ts';
import { startOwnRedis, type OwnRedis } from './redis.ts';

/** What must never be in a log: the key of the upstream, and the beginning of every prompt. */
export const secret = 'sk-test-secret';
export const promptMark = 'PROMPT-';

interface Submission {
  status: number;
  /** Of the accepted job. */
  id: string | null;
  ms: number;
}

/** What a row runs in: one private Redis, one API, a mock upstream and as many workers as the row starts. */
export interface Environment {
  prefix: string;
  keys: TestKeys;
  server: OwnRedis;
  /** The independent reader's connection, straight to Redis. */
  redis: Redis;
  upstream: MockUpstream;
  api: Service & { url: string };
  /** Every process that was started, the dead ones too. */
  services: Service[];
  /** The ids of the jobs that were answered 202. */
  accepted: Set<string>;
  /** @param to another API, or with an Idempotency-Key */
  submit(body: object, to?: { url?: string; key?: string }): Promise<Submission>;
  request(
    path: string,
    method?: string,
    body?: object,
  ): Promise<{ status: number; body: unknown; ms: number }>;
  worker(env?: Record<string, string>, file?: string): Promise<Service>;
  /** Another API process. */
  anotherApi(env?: Record<string, string>, file?: string): Promise<Service & { url: string }>;
  /** Any process with the environment of the services, which need not become ready. */
  process(file: string): Service;
  close(): Promise<void>;
}

export interface EnvironmentOptions {
  redisArgs?: readonly string[];
  /** What the services connect to instead of Redis itself. */
  redisUrl?: (server: OwnRedis) => Promise<string>;
  env?: Record<string, string>;
}

const prefix = '{faults}';
const json = { 'content-type': 'application/json' };
/** The client of a server that never answers. It is far beyond the API's own limits, so that a busy machine does not reach it. */
const clientTimeoutMs = 120_000;

async function createEnvironment(options: EnvironmentOptions = {}): Promise<Environment> {
  const server = await startOwnRedis(options.redisArgs);
  const redis = new Redis(server.url, {
    maxRetriesPerRequest: null,
    retryStrategy: (tries) => Math.min(tries * 20, 200),
    // By default it waits up to 10 s for a Redis that loads its file, and would measure its own patience.
    maxLoadingRetryTime: 50,
  });
  redis.on('error', () => undefined); // It is taken away on purpose.
  const upstream = await startUpstream();
  const env = {
    REDIS_URL: (await options.redisUrl?.(server)) ?? server.url,
    REDIS_PREFIX: prefix,
    OPENAI_BASE_URL: upstream.baseUrl,
    OPENAI_API_KEY: secret,
    ...options.env,
  };
  const api = await startApi(env);
  const services: Service[] = [api];
  const accepted = new Set<string>();

  const send = async (path: string, init: RequestInit, url = api.url) => {
    const startedAt = performance.now();
    try {
      const response = await fetch(`${url}${path}`, {
        ...init,
        signal: AbortSignal.timeout(clientTimeoutMs),
      });
      const body: unknown = await response.json();
      return { status: response.status, body, ms: performance.now() - startedAt };
    } catch {
      return { status: 0, body: null, ms: performance.now() - startedAt }; // No answer at all.
    }
  };
  return {
    prefix,
    keys: testKeys(prefix),
    server,
    redis,
    upstream,
    api,
    services,
    accepted,
    request: (path, method = 'GET', body) =>
      send(path, { method, ...(body ? { headers: json, body: JSON.stringify(body) } : {}) }),
    submit: async (body, { url, key } = {}) => {
      const {
        status,
        ms,
        body: answer,
      } = await send(
        '/v1/jobs',
        {
          method: 'POST',
          headers: { ...json, ...(key === undefined ? {} : { 'idempotency-key': key }) },
          body: JSON.stringify(body),
        },
        url,
      );
      // 200 is the replay of a job that has ended.
      if (status !== 202 && status !== 200) return { status, id: null, ms };
      const { id } = answer as { id: string };
      accepted.add(id);
      return { status, id, ms };
    },
    anotherApi: async (more = {}, file) => {
      const another = await startApi({ ...env, ...more }, file);
      services.push(another);
      return another;
    },
    process: (file) => startProcess(file, { ...env, PORT: '0' }),
    worker: async (more = {}, file) => {
      const worker = await startWorker({ ...env, ...more }, file);
      services.push(worker);
      return worker;
    },
    close: async () => {
      for (const { pid } of services) signal(pid, 'SIGCONT');
      await Promise.all(services.map((service) => service.kill('SIGKILL')));
      redis.disconnect();
      await upstream.close();
      await server.remove();
    },
  };
}

/** Runs a row in an environment of its own and closes that afterwards, whatever happens. */
export async function withEnvironment<Result>(
  options: EnvironmentOptions,
  work: (environment: Environment) => Promise<Result>,
): Promise<Result> {
  const environment = await createEnvironment(options);
  try {
    return await work(environment);
  } finally {
    await environment.close();
  }
}

export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended already.
  }
}

/** The body of a chat job whose prompt can be recognised in a log. @param text what the upstream is to do */
export function chat(n: number, text = '', more: object = {}): object {
  return { type: 'chat', input: { message: `${promptMark}${n} ${text}` }, ...more };
}
