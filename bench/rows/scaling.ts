import type { Experiment } from '../experiment.ts';
import { inTurns } from '../harness/rounds.ts';
import { runPaused } from '../harness/run-paused.ts';
import { ours } from '../harness/side.ts';
import { startStack } from '../harness/stack.ts';
import { atLeast, toRow } from '../report/row.ts';

const callMs = 500;
/** The default of `WORKER_CONCURRENCY`. */
const concurrency = 50;

/** Whether two workers do twice the work of one, and four do four times as much. */
export const scaling: Experiment = {
  names: ['scaling'],
  seconds: 75,
  run: async (context) => {
    const { bed, sizes } = context;
    const options = { concurrency, upstreamDelayMs: callMs, workers: 0 };
    const stack = await startStack(bed, ours(), options);
    const round = async (workers: number) => {
      while (stack.workers.length < workers) await stack.addWorker();
      // A new process has to open its connections and warm its code.
      await runPaused(bed, stack, workers * concurrency);
      return runPaused(bed, stack, workers * concurrency * sizes.scalingWaves);
    };
    const figures = await inTurns(
      {
        one: () => round(1),
        two: () => round(2),
        four: async () => {
          const perSecond = await round(4);
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
        diy: figures.one.map((perSecond) => perSecond * workers),
        against: `${workers} x one worker`,
        target: atLeast(0.9),
      });
    return [row(2, figures.two), row(4, figures.four)];
  },
};
