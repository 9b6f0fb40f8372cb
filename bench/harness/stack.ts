import { freePort } from '../../scripts/processes/free-port.ts';
import type { Environment } from './environment.ts';
import { redisCpuUs } from './redis-figures.ts';
import { countAuditEvents, countCompleted, findKeys, removeJobs } from './redis-keys.ts';
import type { Service } from './service.ts';
import type { Subject } from './subject.ts';
import { submit, type Submissions } from './submit.ts';
import { waitUntil } from './wait-until.ts';

/** CPU time in microseconds. */
export interface CpuUs {
  api: number;
  worker: number;
  redis: number;
}

/** The running processes of one subject: one API, and any number of workers. */
export interface Stack {
  subject: Subject;
  port: number;
  api: Service;
  workers: Service[];
  addWorker(): Promise<void>;
  stopWorkers(): Promise<void>;
  pauseQueue(): Promise<void>;
  resumeQueue(): Promise<void>;
  /** Resolves with the response bodies when all jobs are accepted. */
  submit(submissions: Submissions): Promise<string[]>;
  /** How many jobs are finished since the last `clear`, their audit events included. */
  countFinished(): Promise<number>;
  /** Resolves when this many jobs are finished since the last `clear`. @throws {Error} unless all are completed */
  waitUntilFinished(jobs: number): Promise<void>;
  /** Removes jobs and audit events. Keys that the running services rely on stay. */
  clear(): Promise<void>;
  /** CPU time of all its processes since their start. */
  cpuUs(): Promise<CpuUs>;
}

export interface StackOptions {
  /** Jobs that one worker process runs at the same time. */
  concurrency?: number;
  workers?: number;
  upstreamDelayMs?: number;
}

/** Starts the processes of a subject and resolves when they are ready. */
export async function startStack(
  environment: Environment,
  subject: Subject,
  { concurrency = 100, workers: workerCount = 1, upstreamDelayMs = 0 }: StackOptions = {},
): Promise<Stack> {
  const { redis } = environment;
  const { keys, headers, operatorHeaders, submitPath, workerReadyPath } = subject;
  const settings = {
    REDIS_URL: environment.redisUrl,
    OPENAI_BASE_URL: environment.upstreamUrl(upstreamDelayMs),
    OPENAI_API_KEY: 'sk-bench',
    ...subject.environment(concurrency),
  };
  const name = subject.name.replaceAll(' ', '-');
  const port = await freePort();
  const api = environment.start({
    name: `${name}-api`,
    program: subject.api,
    environment: { ...settings, PORT: String(port) },
  });
  const workers: Service[] = [];
  const addWorker = async () => {
    const healthPort = await freePort();
    const worker = environment.start({
      name: `${name}-worker`,
      program: subject.worker,
      environment: { ...settings, HEALTH_PORT: String(healthPort) },
    });
    workers.push(worker);
    // A worker without the endpoint becomes ready during the warm-up round.
    if (workerReadyPath !== null) {
      await worker.waitUntilReady(`http://127.0.0.1:${healthPort}${workerReadyPath}`);
    }
  };
  await api.waitUntilReady(`http://127.0.0.1:${port}${subject.apiReadyPath}`);
  for (let n = 0; n < workerCount; n += 1) await addWorker();
  const serviceKeys = await findKeys(redis, keys);

  // Audit events of operations on the queue, which belong to no job.
  let queueAuditEvents = 0;
  const control = async (action: 'pause' | 'resume') => {
    queueAuditEvents += await subject.controlQueue(action, {
      redis,
      keys,
      port,
      headers: operatorHeaders,
    });
  };
  const countFinished = async () => (await countAuditEvents(redis, keys)) - queueAuditEvents;
  const totalCpu = async (services: Service[]) => {
    const usages = await Promise.all(services.map((service) => service.usage()));
    return usages.reduce((sum, { cpuUs }) => sum + cpuUs, 0);
  };
  return {
    subject,
    port,
    api,
    workers,
    addWorker,
    stopWorkers: async () => {
      await Promise.all(workers.splice(0).map((worker) => worker.stop()));
    },
    pauseQueue: () => control('pause'),
    resumeQueue: () => control('resume'),
    submit: (submissions) => submit({ port, path: submitPath, headers }, submissions),
    countFinished,
    waitUntilFinished: async (jobs) => {
      const enough = async () => (await countFinished()) >= jobs;
      await waitUntil(`${jobs} jobs of ${subject.name} are finished`, enough);
      const finished = await countFinished();
      if (finished > jobs) throw new Error(`${finished} jobs are finished, but only ${jobs} exist`);
      // A subject that fails its jobs, and audits the failures, would be fast.
      const completed = await countCompleted(redis, keys);
      if (completed !== jobs) throw new Error(`only ${completed} of ${jobs} jobs are completed`);
    },
    clear: async () => {
      await removeJobs(redis, keys, serviceKeys);
      queueAuditEvents = 0;
    },
    cpuUs: async () => ({
      api: await totalCpu([api]),
      worker: await totalCpu(workers),
      redis: await redisCpuUs(redis),
    }),
  };
}
