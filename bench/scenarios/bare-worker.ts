import { startBareQueue } from '../harness/bare-queue.ts';
import { drainQueue } from '../harness/drain-queue.ts';
import { alternate, median } from '../harness/rounds.ts';
import type { Service } from '../harness/service.ts';
import { startStack } from '../harness/stack.ts';
import { promptq } from '../harness/subject.ts';
import { atLeast, toRow } from '../report/row.ts';
import type { Scenario } from './scenario.ts';

const concurrency = 100;

interface Drained {
  perSecond: number;
  /** CPU time of the worker process per job, in microseconds. */
  workerUs: number;
}

/** What promptq's worker costs beyond BullMQ and the upstream call: both drain a full queue. */
export const bareWorker: Scenario = {
  names: ['bare-worker'],
  seconds: 35,
  measure: async (context) => {
    const { environment, sizes } = context;
    const stack = await startStack(environment, promptq(), { concurrency });
    const bare = startBareQueue(environment, {
      program: 'bareWorker',
      concurrency,
      settings: { OPENAI_BASE_URL: environment.upstreamUrl(0), OPENAI_API_KEY: 'sk-bench' },
    });
    const [worker] = stack.workers;
    if (!worker) throw new Error('the stack has no worker');
    const variants = {
      promptq: (jobs: number) => drain(worker, jobs, () => drainQueue(stack, jobs)),
      bare: (jobs: number) => drain(bare.worker, jobs, () => bare.drain(jobs)),
    };
    try {
      await variants.promptq(sizes.warmUpJobs);
      await variants.bare(sizes.warmUpJobs);
      const results = await alternate(
        {
          promptq: () => variants.promptq(sizes.jobs),
          bare: () => variants.bare(sizes.jobs),
        },
        context,
      );
      const workerUs = (rounds: Drained[]) =>
        Math.round(median(rounds.map((round) => round.workerUs)));
      return [
        toRow({
          name: 'bare-worker',
          unit: 'jobs/s',
          ours: results.promptq.map(({ perSecond }) => perSecond),
          diy: results.bare.map(({ perSecond }) => perSecond),
          against: 'bare BullMQ worker',
          target: atLeast(0.7),
          note: `worker CPU: ${workerUs(results.promptq)} us/job; bare: ${workerUs(results.bare)}`,
        }),
      ];
    } finally {
      await bare.close();
    }
  },
};

async function drain(worker: Service, jobs: number, run: () => Promise<number>): Promise<Drained> {
  const before = await worker.usage();
  const perSecond = await run();
  const after = await worker.usage();
  return { perSecond, workerUs: (after.cpuUs - before.cpuUs) / jobs };
}
