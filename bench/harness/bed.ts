import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from '../../scripts/processes/free-port.ts';
import { findRedis } from '../../scripts/redis.ts';
import { startService, type HowToRun, type Service } from './service.ts';

/** What all measurements share: a Redis of our own and the upstream. */
export interface Bed {
  redis: Redis;
  redisUrl: string;
  /** Starts a measured process; it ends with the bed at the latest. */
  start(options: Parameters<typeof startService>[0]): Service;
  /** The base URL of an upstream that answers after so long. */
  upstreamUrl(delayMs: number): string;
  /** CPU time of the submitter (this process) and the upstream, which belongs to no side, in microseconds. */
  cpuUs(): Promise<number>;
  /** Ends all measured processes and empties Redis. */
  empty(): Promise<void>;
  close(): Promise<void>;
}

/** @param say gets a line before something slow is done */
export async function makeBed(
  how: Pick<HowToRun, 'fromSource' | 'profileDir'>,
  say: (line: string) => void,
): Promise<Bed> {
  const dir = await mkdtemp(path.join(tmpdir(), 'promptq-bench-'));
  // Ctrl-C ends the process without `close`: what is measured ends with it, but its files would stay.
  const removeDir = () => rmSync(dir, { recursive: true, force: true, maxRetries: 3 });
  process.once('exit', removeDir);
  const howToRun: HowToRun = { ...how, logDir: dir };
  // Never the one of REDIS_URL: it is emptied again and again, and its CPU time has to be ours alone.
  const server = await findRedis({ redisUrl: undefined, dataDir: dir, persistent: false, say });
  const redis = new Redis(server.url, { maxRetriesPerRequest: null });
  // The append-only file is written as in production; a rewrite in the middle of a round would be noise.
  await redis.config('SET', 'auto-aof-rewrite-percentage', '0');
  const upstreamPort = await freePort();
  const upstream = startService(
    { name: 'upstream', program: 'upstream', environment: { PORT: String(upstreamPort) } },
    { ...howToRun, profileDir: null },
  );
  const services = new Set<Service>();
  const stopAll = async () => {
    await Promise.all([...services].map((service) => service.stop()));
    services.clear();
  };
  const close = async () => {
    await stopAll();
    await upstream.stop();
    redis.disconnect();
    await server.stop();
    process.off('exit', removeDir);
    removeDir();
  };
  try {
    await upstream.untilReady(`http://127.0.0.1:${upstreamPort}/0/`);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    redis,
    redisUrl: server.url,
    start: (options) => {
      const service = startService(options, howToRun);
      services.add(service);
      return service;
    },
    upstreamUrl: (delayMs) => `http://127.0.0.1:${upstreamPort}/${delayMs}/v1`,
    cpuUs: async () => {
      const { user, system } = process.cpuUsage();
      return user + system + (await upstream.figures()).cpuUs;
    },
    empty: async () => {
      await stopAll();
      await redis.flushall();
    },
    close,
  };
}
