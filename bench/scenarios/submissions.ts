import { generateLoad } from '../harness/load-generator.ts';
import { alternate } from '../harness/rounds.ts';
import { startStack, type Stack } from '../harness/stack.ts';
import { diy, promptq } from '../harness/subject.ts';
import { submissionBody } from '../harness/submit.ts';
import { atLeast, atMost, toRow, type Row } from '../report/row.ts';
import type { Scenario } from './scenario.ts';

/** How fast one API process accepts jobs while no worker runs. */
export const submissions: Scenario = {
  names: ['submissions'],
  seconds: 65,
  measure: async (context) => {
    const { environment, sizes } = context;
    const stacks = {
      promptq: await startStack(environment, promptq(), { workers: 0 }),
      diy: await startStack(environment, diy, { workers: 0 }),
    };
    const measure = async (stack: Stack, connections: number) => {
      const result = await generateLoad({
        port: stack.port,
        connections,
        seconds: sizes.submissionSeconds,
        requests: [{ method: 'POST', path: stack.subject.submitPath, body: submissionBody }],
      });
      await stack.clear();
      return result;
    };
    await measure(stacks.promptq, 50);
    await measure(stacks.diy, 50);
    const rows: Row[] = [];
    for (const [index, connections] of sizes.connections.entries()) {
      // The remaining time is shared equally.
      const remainingMs = context.endsAt - performance.now();
      const endsAt = performance.now() + remainingMs / (sizes.connections.length - index);
      const results = await alternate(
        {
          promptq: () => measure(stacks.promptq, connections),
          diy: () => measure(stacks.diy, connections),
        },
        { ...context, endsAt },
      );
      rows.push(
        toRow({
          name: `submissions-${connections}`,
          unit: 'req/s',
          ours: results.promptq.map(({ perSecond }) => perSecond),
          diy: results.diy.map(({ perSecond }) => perSecond),
          target: atLeast(0.95),
        }),
        toRow({
          name: `submissions-${connections}-p99`,
          unit: 'ms',
          ours: results.promptq.map(({ p99Ms }) => p99Ms),
          diy: results.diy.map(({ p99Ms }) => p99Ms),
          target: atMost(1.2),
        }),
      );
    }
    return rows;
  },
};
