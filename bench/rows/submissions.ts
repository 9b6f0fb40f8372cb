import type { Experiment } from '../experiment.ts';
import { fire } from '../harness/cannon.ts';
import { inTurns } from '../harness/rounds.ts';
import { diy, ours } from '../harness/side.ts';
import { startStack, type Stack } from '../harness/stack.ts';
import { submission } from '../harness/submit.ts';
import { atLeast, atMost, toRow, type Row } from '../report/row.ts';

/** How fast one API process accepts jobs while no worker runs. */
export const submissions: Experiment = {
  names: ['submissions'],
  seconds: 65,
  run: async (context) => {
    const { bed, sizes } = context;
    const stacks = {
      ours: await startStack(bed, ours(), { workers: 0 }),
      diy: await startStack(bed, diy, { workers: 0 }),
    };
    const measure = async (stack: Stack, connections: number) => {
      const figures = await fire({
        port: stack.port,
        connections,
        seconds: sizes.submissionSeconds,
        requests: [{ method: 'POST', path: stack.side.submitPath, body: submission }],
      });
      await stack.clear();
      return figures;
    };
    await measure(stacks.ours, 50);
    await measure(stacks.diy, 50);
    const rows: Row[] = [];
    const endsAt = (at: number) =>
      performance.now() + (context.endsAt - performance.now()) / (sizes.connections.length - at);
    for (const [at, connections] of sizes.connections.entries()) {
      const figures = await inTurns(
        {
          ours: () => measure(stacks.ours, connections),
          diy: () => measure(stacks.diy, connections),
        },
        { ...context, endsAt: endsAt(at) },
      );
      rows.push(
        toRow({
          name: `submissions-${connections}`,
          unit: 'req/s',
          ours: figures.ours.map(({ perSecond }) => perSecond),
          diy: figures.diy.map(({ perSecond }) => perSecond),
          target: atLeast(1.1),
        }),
        toRow({
          name: `submissions-${connections}-p99`,
          unit: 'ms',
          ours: figures.ours.map(({ p99Ms }) => p99Ms),
          diy: figures.diy.map(({ p99Ms }) => p99Ms),
          target: atMost(1),
        }),
      );
    }
    return rows;
  },
};
