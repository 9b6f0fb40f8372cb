import type { Experiment, ExperimentContext } from '../experiment.ts';
import { inTurns } from '../harness/rounds.ts';
import { runLoad } from '../harness/run-load.ts';
import { diy, ours } from '../harness/side.ts';
import { startStack, type Stack } from '../harness/stack.ts';
import { below, toRow } from '../report/row.ts';

const submitters = 50;
const partOfFullLoad = 0.7;

interface Delays {
  apiMs: number;
  workerMs: number;
}

/** How fairly the event loops are shared while a service has 70 % of what it can carry. */
export const loopDelay: Experiment = {
  names: ['loop-delay'],
  seconds: 40,
  run: async (context) => {
    const { bed } = context;
    const at70 = {
      ours: await measured(context, await startStack(bed, ours())),
      diy: await measured(context, await startStack(bed, diy)),
    };
    const figures = await inTurns({ ours: at70.ours.round, diy: at70.diy.round }, context);
    const note = `p99 at ${at70.ours.perSecond} jobs/s; DIY at ${at70.diy.perSecond}`;
    return [
      toRow({
        name: 'loop-delay-api',
        unit: 'ms',
        ours: figures.ours.map(({ apiMs }) => apiMs),
        diy: figures.diy.map(({ apiMs }) => apiMs),
        target: below(50, 'ms'),
        note,
      }),
      toRow({
        name: 'loop-delay-worker',
        unit: 'ms',
        ours: figures.ours.map(({ workerMs }) => workerMs),
        diy: figures.diy.map(({ workerMs }) => workerMs),
        target: below(50, 'ms'),
        note,
      }),
    ];
  },
};

/** Finds out what the side can carry, then measures at 70 % of that. */
async function measured({ bed, sizes }: ExperimentContext, stack: Stack) {
  await runLoad(bed, stack, sizes.warmUpJobs);
  const full = await runLoad(bed, stack, sizes.jobs);
  const perSecond = Math.round(full.perSecond * partOfFullLoad);
  const jobs = Math.ceil(perSecond * sizes.loadSeconds);
  return {
    perSecond,
    round: async (): Promise<Delays> => {
      const services = [stack.api, ...stack.workers];
      await Promise.all(services.map((service) => service.watch()));
      const finished = stack.untilFinished(jobs);
      await Promise.all([stack.submit({ jobs, submitters, perSecond }), finished]);
      const [api, ...workers] = await Promise.all(services.map((service) => service.figures()));
      await stack.clear();
      return {
        apiMs: api?.loopDelayP99Ms ?? 0,
        workerMs: Math.max(...workers.map(({ loopDelayP99Ms }) => loopDelayP99Ms)),
      };
    },
  };
}
