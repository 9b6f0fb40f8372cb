import { alternate, median } from '../harness/rounds.ts';
import { formatCpu, runLoad, totalCpuUs } from '../harness/run-load.ts';
import { startStack } from '../harness/stack.ts';
import { diy, promptq } from '../harness/subject.ts';
import { atLeast, atMost, toRow } from '../report/row.ts';
import type { Scenario } from './scenario.ts';

/** From the submission to the audit event: jobs per second, and CPU time per job. */
export const endToEnd: Scenario = {
  names: ['end-to-end', 'cpu'],
  seconds: 55,
  measure: async (context) => {
    const { environment, sizes } = context;
    const stacks = {
      promptq: await startStack(environment, promptq()),
      diy: await startStack(environment, diy),
    };
    await runLoad(environment, stacks.promptq, sizes.warmUpJobs);
    await runLoad(environment, stacks.diy, sizes.warmUpJobs);
    const results = await alternate(
      {
        promptq: () => runLoad(environment, stacks.promptq, sizes.jobs),
        diy: () => runLoad(environment, stacks.diy, sizes.jobs),
      },
      context,
    );
    const all = [...results.promptq, ...results.diy];
    const harnessUs = Math.round(median(all.map((figures) => figures.harnessUs)));
    return [
      toRow({
        name: 'end-to-end',
        unit: 'jobs/s',
        ours: results.promptq.map(({ perSecond }) => perSecond),
        diy: results.diy.map(({ perSecond }) => perSecond),
        target: atLeast(1.9, { required: 1.75 }),
        note: `load generator and upstream take another ${harnessUs} us/job of CPU`,
      }),
      toRow({
        name: 'cpu',
        unit: 'us/job',
        ours: results.promptq.map(({ cpuUs }) => totalCpuUs(cpuUs)),
        diy: results.diy.map(({ cpuUs }) => totalCpuUs(cpuUs)),
        target: atMost(0.55, { required: 0.6 }),
        note: `${formatCpu(results.promptq)}; DIY: ${formatCpu(results.diy)}`,
      }),
    ];
  },
};
