import type { Experiment } from '../experiment.ts';
import { inTurns, median } from '../harness/rounds.ts';
import { runLoad, sum, tellCpu } from '../harness/run-load.ts';
import { diy, ours } from '../harness/side.ts';
import { startStack } from '../harness/stack.ts';
import { atLeast, atMost, toRow } from '../report/row.ts';

/** From the submission to the audit event: how many jobs a second, and what one costs. */
export const load: Experiment = {
  names: ['end-to-end', 'cpu'],
  seconds: 55,
  run: async (context) => {
    const { bed, sizes } = context;
    const stacks = { ours: await startStack(bed, ours()), diy: await startStack(bed, diy) };
    await runLoad(bed, stacks.ours, sizes.warmUpJobs);
    await runLoad(bed, stacks.diy, sizes.warmUpJobs);
    const figures = await inTurns(
      {
        ours: () => runLoad(bed, stacks.ours, sizes.jobs),
        diy: () => runLoad(bed, stacks.diy, sizes.jobs),
      },
      context,
    );
    const cpu = `${tellCpu(figures.ours, median)}; DIY: ${tellCpu(figures.diy, median)}`;
    const all = [...figures.ours, ...figures.diy];
    const harness = Math.round(median(all.map(({ harnessUs }) => harnessUs)));
    return [
      toRow({
        name: 'end-to-end',
        unit: 'jobs/s',
        ours: figures.ours.map(({ perSecond }) => perSecond),
        diy: figures.diy.map(({ perSecond }) => perSecond),
        target: atLeast(2.5),
        note: `beside the CPU time of the next row, submitter and upstream take ${harness} us/job`,
      }),
      toRow({
        name: 'cpu',
        unit: 'us/job',
        ours: figures.ours.map(({ cpuUs }) => sum(cpuUs)),
        diy: figures.diy.map(({ cpuUs }) => sum(cpuUs)),
        target: atMost(0.4),
        note: cpu,
      }),
    ];
  },
};
