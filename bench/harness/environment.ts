import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from '../../scripts/processes/free-port.ts';
import { findRedis } from '../../scripts/redis.ts';
import { startService, type RunMode, type Service, type ServiceOptions } from './service.ts';

/** What all scenarios share: a private Redis server and the upstream. */
export interface Environment {
  redis: Redis;
  redisUrl: string;
  /** Starts a measured process. It ends with the environment at the latest. */
  start(options: ServiceOptions): Service;
  /** The base URL of an upstream that answers after this delay. */
  upstreamUrl(delayMs: number): string;
  /** CPU time, in microseconds, of the benchmark's own processes: the load generator (this process) and the upstream. */
  harnessCpuUs(): Promise<number>;
  /** Stops all measured processes and empties Redis. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Starts Redis and the upstream, and resolves when both answer.
 * @param log receives a line before each slow step
 */
export async function createEnvironment(
  mode: Pick<RunMode, 'fromSource' | 'profileDir'>,
  log: (line: string) => void,
): Promise<Environment> {
  const dir = await mkdtemp(path.join(tmpdir(), 'promptq-bench-'));
  // Ctrl-C ends this process without `close`. The measured processes then end by themselves, but their files would stay.
  const removeDir = () => rmSync(dir, { recursive: true, force: true, maxRetries: 3 });
  process.once('exit', removeDir);
  const runMode: RunMode = { ...mode, logDir: dir };
  // The benchmark never uses REDIS_URL: it empties its Redis many times and measures the server's CPU time.
  const server = await findRedis({
    redisUrl: undefined,
    dataDir: dir,
    persistent: false,
    say: log,
  });
  const redis = new Redis(server.url, { maxRetriesPerRequest: null });
  // Redis writes the append-only file as in production. A rewrite during a round would only add noise.
  await redis.config('SET', 'auto-aof-rewrite-percentage', '0');
  const upstreamPort = await freePort();
  const upstream = startService(
    { name: 'upstream', program: 'upstream', environment: { PORT: String(upstreamPort) } },
    { ...runMode, profileDir: null },
  );
  const services = new Set<Service>();
  const stopServices = async () => {
    await Promise.all([...services].map((service) => service.stop()));
    services.clear();
  };
  const close = async () => {
    await stopServices();
    await upstream.stop();
    redis.disconnect();
    await server.stop();
    process.off('exit', removeDir);
    removeDir();
  };
  try {
    await upstream.waitUntilReady(`http://127.0.0.1:${upstreamPort}/0/`);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    redis,
    redisUrl: server.url,
    start: (options) => {
      const service = startService(options, runMode);
      services.add(service);
      return service;
    },
    upstreamUrl: (delayMs) => `http://127.0.0.1:${upstreamPort}/${delayMs}/v1`,
    harnessCpuUs: async () => {
      const { user, system } = process.cpuUsage();
      return user + system + (await upstream.usage()).cpuUs;
    },
    reset: async () => {
      await stopServices();
      await redis.flushall();
    },
    close,
  };
}
