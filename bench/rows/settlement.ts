import type { Experiment } from '../experiment.ts';
import { inTurns, median } from '../harness/rounds.ts';
import { runLoad, tellCpu } from '../harness/run-load.ts';
import { ours, oursWithoutSettlement } from '../harness/side.ts';
import { startStack } from '../harness/stack.ts';
import { atLeast, toRow } from '../report/row.ts';

/** What exactly-once audit costs: the same load with it, and without it. */
export const settlement: Experiment = {
  names: ['settlement'],
  seconds: 35,
  run: async (context) => {
    const { bed, sizes } = context;
    const without = oursWithoutSettlement();
    const stacks = { with: await startStack(bed, ours()), without: await startStack(bed, without) };
    await runLoad(bed, stacks.with, sizes.warmUpJobs);
    await runLoad(bed, stacks.without, sizes.warmUpJobs);
    const figures = await inTurns(
      {
        with: () => runLoad(bed, stacks.with, sizes.jobs),
        without: async () => {
          const round = await runLoad(bed, stacks.without, sizes.jobs);
          // Else two workers with settlement were compared.
          if (await bed.redis.exists(without.auditKey)) throw new Error('there was settlement');
          return round;
        },
      },
      context,
    );
    return [
      toRow({
        name: 'settlement',
        unit: 'jobs/s',
        ours: figures.with.map(({ perSecond }) => perSecond),
        diy: figures.without.map(({ perSecond }) => perSecond),
        against: 'without',
        target: atLeast(0.8),
        note: `us/job: ${tellCpu(figures.with, median)}; without: ${tellCpu(figures.without, median)}`,
      }),
    ];
  },
};
