import { freePort } from '../../scripts/processes/free-port.ts';
import type { Bed } from './bed.ts';
import { redisCpuUs } from './redis-figures.ts';
import type { Service } from './service.ts';
import type { Side } from './side.ts';
import { submit, type Load } from './submit.ts';
import { until } from './until.ts';

/** CPU time in microseconds. */
export interface CpuUs {
  api: number;
  worker: number;
  redis: number;
}

/** One side at work: one API process, and workers when there are any. */
export interface Stack {
  side: Side;
  port: number;
  api: Service;
  workers: Service[];
  addWorker(): Promise<void>;
  stopWorkers(): Promise<void>;
  submit(load: Load): Promise<void>;
  /** Resolves when so many jobs are over since the last `clear`. */
  untilFinished(jobs: number): Promise<void>;
  /** Removes jobs and audit events, and leaves what a running service relies on. */
  clear(): Promise<void>;
  /** CPU time of all its processes so far. */
  cpuUs(): Promise<CpuUs>;
}

export interface StackOptions {
  /** Jobs that one worker process runs at once. */
  concurrency?: number;
  workers?: number;
  upstreamDelayMs?: number;
}

export async function startStack(
  bed: Bed,
  side: Side,
  { concurrency = 100, workers: count = 1, upstreamDelayMs = 0 }: StackOptions = {},
): Promise<Stack> {
  const { redis } = bed;
  const environment = {
    REDIS_URL: bed.redisUrl,
    OPENAI_BASE_URL: bed.upstreamUrl(upstreamDelayMs),
    OPENAI_API_KEY: 'sk-bench',
    ...side.environment(concurrency),
  };
  const name = side.name.replaceAll(' ', '-');
  const port = await freePort();
  const api = bed.start({
    name: `${name}-api`,
    program: side.api,
    preload: side.preloadApi ?? [],
    environment: { ...environment, PORT: String(port) },
  });
  const workers: Service[] = [];
  const addWorker = async () => {
    const healthPort = await freePort();
    const worker = bed.start({
      name: `${name}-worker`,
      program: side.worker,
      preload: side.preload,
      environment: { ...environment, HEALTH_PORT: String(healthPort) },
    });
    workers.push(worker);
    // DIY has no such endpoint; a round that is not measured comes first and waits for it.
    if (side.worker === 'worker') await worker.untilReady(`http://127.0.0.1:${healthPort}/readyz`);
  };
  await api.untilReady(`http://127.0.0.1:${port}${side.readyPath}`);
  for (let n = 0; n < count; n += 1) await addWorker();

  const cpuOf = async (services: Service[]) => {
    const figures = await Promise.all(services.map((service) => service.figures()));
    return figures.reduce((sum, { cpuUs }) => sum + cpuUs, 0);
  };
  return {
    side,
    port,
    api,
    workers,
    addWorker,
    stopWorkers: async () => {
      await Promise.all(workers.splice(0).map((worker) => worker.stop()));
    },
    submit: (load) => submit({ port, submitPath: side.submitPath, headers: side.headers }, load),
    untilFinished: async (jobs) => {
      await until(`${jobs} jobs of ${side.name} are over`, async () => {
        const finished = await side.finished(redis);
        if (finished > jobs) throw new Error(`${finished} jobs are over, of ${jobs}`);
        return finished === jobs;
      });
      // A side that fails its jobs, and says so in its audit, would be fast.
      const completed = await redis.zcard(`${side.prefix}:chat:completed`);
      if (completed !== jobs) throw new Error(`${completed} jobs are completed, of ${jobs}`);
    },
    clear: async () => {
      for await (const found of redis.scanStream({ match: `${side.prefix}:*`, count: 1_000 })) {
        const names = (found as string[]).filter((key) => !/:(?:meta|events)$/.test(key));
        if (names.length > 0) await redis.unlink(...names);
      }
      await redis.unlink(side.auditKey);
      await redis.xtrim(`${side.prefix}:chat:events`, 'MAXLEN', 0);
    },
    cpuUs: async () => ({
      api: await cpuOf([api]),
      worker: await cpuOf(workers),
      redis: await redisCpuUs(redis),
    }),
  };
}
