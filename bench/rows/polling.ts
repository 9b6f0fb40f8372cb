import type { Experiment } from '../experiment.ts';
import type { Bed } from '../harness/bed.ts';
import { fire } from '../harness/cannon.ts';
import { inTurns, median } from '../harness/rounds.ts';
import { runLoad } from '../harness/run-load.ts';
import { diy, ours, queueOf, type Side } from '../harness/side.ts';
import { startStack, type Stack } from '../harness/stack.ts';
import { submission } from '../harness/submit.ts';
import { atLeast, toRow } from '../report/row.ts';

const connections = 50;
/** As many different jobs are asked for in turns. */
const polledJobs = 500;

/** How fast one API process answers polls while many jobs are in Redis, half of them finished. */
export const polling: Experiment = {
  names: ['polling'],
  seconds: 45,
  run: async (context) => {
    const { bed, sizes } = context;
    const full = {
      ours: await fill(bed, ours(), sizes.pollingJobs),
      diy: await fill(bed, diy, sizes.pollingJobs),
    };
    // Its submissions go to keys of their own, so that the polled queue stays as it is.
    const submitting = await startStack(bed, ours('{submissions}'), { workers: 0 });
    const shoot = (stack: Stack, requests: Parameters<typeof fire>[0]['requests']) =>
      fire({ port: stack.port, connections, seconds: sizes.pollingSeconds, requests });
    const submitRound = async () => {
      const path = submitting.side.submitPath;
      const figures = await shoot(submitting, [{ method: 'POST', path, body: submission }]);
      await submitting.clear();
      return figures.perSecond;
    };
    const poll = async ({ stack, requests }: Filled) => (await shoot(stack, requests)).perSecond;
    await submitRound();
    await poll(full.ours);
    await poll(full.diy);
    const figures = await inTurns(
      { ours: () => poll(full.ours), submissions: submitRound, diy: () => poll(full.diy) },
      context,
    );
    return [
      toRow({
        name: 'polling',
        unit: 'req/s',
        ours: figures.ours,
        diy: figures.submissions,
        against: 'submissions',
        target: atLeast(2),
        note: `${sizes.pollingJobs} jobs in Redis; DIY polls at ${Math.round(median(figures.diy))} req/s`,
      }),
    ];
  },
};

interface Filled {
  stack: Stack;
  requests: { method: 'GET'; path: string }[];
}

/** A side with so many jobs in Redis, half of them finished, half of them waiting, and no worker. */
async function fill(bed: Bed, side: Side, jobs: number): Promise<Filled> {
  const stack = await startStack(bed, side);
  await runLoad(bed, stack, 100);
  const half = Math.ceil(jobs / 2);
  await stack.submit({ jobs: half, submitters: connections });
  await stack.untilFinished(half);
  await stack.stopWorkers();
  await stack.submit({ jobs: jobs - half, submitters: connections });
  const queue = queueOf(side, bed.redis);
  const some = await Promise.all(
    (['completed', 'waiting', 'prioritized'] as const).map((state) =>
      queue.getJobs([state], 0, polledJobs / 2 - 1),
    ),
  );
  await queue.close();
  const path = (id: string | undefined) => `${side.submitPath}/${id}`;
  const requests = some.flat().map(({ id }) => ({ method: 'GET' as const, path: path(id) }));
  return { stack, requests };
}
