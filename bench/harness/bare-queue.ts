import { Queue } from 'bullmq';
import type { Environment } from './environment.ts';
import type { ProgramName, Service } from './service.ts';
import { message } from './submit.ts';
import { waitUntil } from './wait-until.ts';

/** A queue of plain BullMQ jobs with one worker process, to compare promptq with BullMQ alone. */
export interface BareQueue {
  worker: Service;
  /** Fills the paused queue, then resumes it. @returns jobs per second, from then until all jobs are completed */
  drain(jobs: number): Promise<number>;
  close(): Promise<void>;
}

export interface BareQueueOptions {
  program: Extract<ProgramName, 'bareWorker' | 'sleepingWorker'>;
  concurrency: number;
  /** Settings of the worker, in addition to queue, Redis and concurrency. */
  settings: Record<string, string>;
}

export function startBareQueue(
  environment: Environment,
  { program, concurrency, settings }: BareQueueOptions,
): BareQueue {
  const queue = new Queue('bare', { connection: environment.redis });
  const worker = environment.start({
    name: program,
    program,
    environment: {
      REDIS_URL: environment.redisUrl,
      QUEUE: queue.name,
      CONCURRENCY: String(concurrency),
      ...settings,
    },
  });
  return {
    worker,
    drain: async (jobs) => {
      await queue.pause();
      await queue.addBulk(
        Array.from({ length: jobs }, () => ({ name: 'chat', data: { message } })),
      );
      const startedAt = performance.now();
      await queue.resume();
      await waitUntil(
        `${jobs} jobs of ${program} are completed`,
        async () => (await queue.getCompletedCount()) === jobs,
      );
      const seconds = (performance.now() - startedAt) / 1_000;
      await queue.clean(0, 0, 'completed');
      return jobs / seconds;
    },
    close: () => queue.close(),
  };
}
