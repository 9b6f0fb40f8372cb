import { drainQueue } from '../harness/drain-queue.ts';
import { alternate } from '../harness/rounds.ts';
import { startStack } from '../harness/stack.ts';
import { promptq } from '../harness/subject.ts';
import { atLeast, toRow } from '../report/row.ts';
import type { Scenario } from './scenario.ts';

const callMs = 500;
/** The default of `WORKER_CONCURRENCY`. */
const concurrency = 50;

/** Whether two and four workers do two and four times the work of one. */
export const scaling: Scenario = {
  names: ['scaling'],
  seconds: 75,
  measure: async (context) => {
    const { environment, sizes } = context;
    const options = { concurrency, upstreamDelayMs: callMs, workers: 0 };
    const stack = await startStack(environment, promptq(), options);
    const measure = async (workers: number) => {
      while (stack.workers.length < workers) await stack.addWorker();
      // A new process first has to open its connections and warm up its code.
      await drainQueue(stack, workers * concurrency);
      return drainQueue(stack, workers * concurrency * sizes.scalingWaves);
    };
    const results = await alternate(
      {
        one: () => measure(1),
        two: () => measure(2),
        four: async () => {
          const perSecond = await measure(4);
          await stack.stopWorkers();
          return perSecond;
        },
      },
      context,
    );
    const row = (workers: number, rates: number[]) =>
      toRow({
        name: `scaling-${workers}`,
        unit: 'jobs/s',
        ours: rates,
        diy: results.one.map((perSecond) => perSecond * workers),
        against: `${workers} x one worker`,
        target: atLeast(0.9),
      });
    return [row(2, results.two), row(4, results.four)];
  },
};
