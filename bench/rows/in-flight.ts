import { Queue } from 'bullmq';
import type { Experiment, ExperimentContext } from '../experiment.ts';
import { inTurns, median } from '../harness/rounds.ts';
import { runPaused } from '../harness/run-paused.ts';
import { diy, ours } from '../harness/side.ts';
import { startStack, type Stack } from '../harness/stack.ts';
import { message } from '../harness/submit.ts';
import { until } from '../harness/until.ts';
import { atLeast, atMost, toRow, type Row } from '../report/row.ts';

const callMs = 1_000;

interface Round {
  perSecond: number;
  peakMb: number;
}

/** Many calls of one second at once, in one worker process. */
export const inFlight: Experiment = {
  names: ['in-flight'],
  seconds: 150,
  run: async (context) => {
    const rows: Row[] = [];
    for (const [at, calls] of context.sizes.inFlight.entries()) {
      // Of the time there is, 2,000 calls need two parts and 1,000 one.
      const parts = context.sizes.inFlight.slice(at).reduce((sum, calls) => sum + calls, 0);
      const endsAt = performance.now() + ((context.endsAt - performance.now()) * calls) / parts;
      rows.push(...(await measure(calls, { ...context, endsAt })));
      await context.bed.empty();
    }
    return rows;
  },
};

async function measure(calls: number, context: ExperimentContext): Promise<Row[]> {
  const { bed, sizes } = context;
  const options = { concurrency: calls, upstreamDelayMs: callMs };
  const stacks = {
    ours: await startStack(bed, ours(), options),
    diy: await startStack(bed, diy, options),
  };
  const control = await startControl(context, calls);
  const jobs = calls * sizes.waves;
  const round = async (stack: Stack): Promise<Round> => {
    const [worker] = stack.workers;
    if (!worker) throw new Error('a stack without a worker');
    await worker.watch();
    const perSecond = await runPaused(bed, stack, jobs);
    const { peakRssBytes } = await worker.figures();
    return { perSecond, peakMb: peakRssBytes / 1e6 };
  };
  // One wave each, to open the connections and warm the code.
  await runPaused(bed, stacks.ours, calls);
  await runPaused(bed, stacks.diy, calls);
  const figures = await inTurns(
    { ours: () => round(stacks.ours), diy: () => round(stacks.diy) },
    context,
  );
  // Beside the table, so two rounds are enough.
  const slept = [await control.round(jobs), await control.round(jobs)];
  await control.close();
  const middle = (rounds: Round[], of: keyof Round) => median(rounds.map((one) => one[of]));
  const distance = (middle(figures.ours, 'perSecond') / middle(slept, 'perSecond')) * 100;
  return [
    toRow({
      name: `in-flight-${calls}`,
      unit: 'jobs/s',
      ours: figures.ours.map(({ perSecond }) => perSecond),
      diy: figures.diy.map(({ perSecond }) => perSecond),
      target: atLeast(1.5),
      note: `a worker that only sleeps: ${Math.round(middle(slept, 'perSecond'))} jobs/s; ours is at ${Math.round(distance)} %`,
    }),
    toRow({
      name: `in-flight-${calls}-memory`,
      unit: 'MB',
      ours: figures.ours.map(({ peakMb }) => peakMb),
      diy: figures.diy.map(({ peakMb }) => peakMb),
      target: atMost(0.6),
      note: `a worker that only sleeps: ${Math.round(middle(slept, 'peakMb'))} MB`,
    }),
  ];
}

/** A worker of BullMQ alone whose jobs sleep as long as a call takes. */
async function startControl({ bed }: ExperimentContext, concurrency: number) {
  const worker = bed.start({
    name: 'control-worker',
    program: 'sleepingWorker',
    environment: {
      REDIS_URL: bed.redisUrl,
      CONCURRENCY: String(concurrency),
      SLEEP_MS: String(callMs),
    },
  });
  const queue = new Queue('control', { connection: bed.redis });
  const round = async (jobs: number): Promise<Round> => {
    await queue.pause();
    await queue.addBulk(Array.from({ length: jobs }, () => ({ name: 'sleep', data: { message } })));
    await worker.watch();
    const startedAt = performance.now();
    await queue.resume();
    await until('the control is done', async () => (await queue.getCompletedCount()) === jobs);
    const seconds = (performance.now() - startedAt) / 1_000;
    const { peakRssBytes } = await worker.figures();
    await queue.clean(0, 0, 'completed');
    return { perSecond: jobs / seconds, peakMb: peakRssBytes / 1e6 };
  };
  await round(concurrency);
  return { round, close: () => queue.close() };
}
