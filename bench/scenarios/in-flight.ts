import { startBareQueue } from '../harness/bare-queue.ts';
import { drainQueue } from '../harness/drain-queue.ts';
import { alternate, median } from '../harness/rounds.ts';
import type { Service } from '../harness/service.ts';
import { startStack, type Stack } from '../harness/stack.ts';
import { diy, promptq } from '../harness/subject.ts';
import { atLeast, atMost, toRow, type Row } from '../report/row.ts';
import type { Scenario, ScenarioContext } from './scenario.ts';

const callMs = 1_000;
/** The minimum of the rate compared with DIY, by the number of calls. */
const rateTargets: Record<number, number> = { 1_000: 1.25, 2_000: 1.5 };
const defaultRateTarget = 1.25;

interface Drained {
  perSecond: number;
  peakMb: number;
}

/** Many calls of one second at the same time, in one worker process. */
export const inFlight: Scenario = {
  names: ['in-flight'],
  seconds: 150,
  measure: async (context) => {
    const rows: Row[] = [];
    for (const [index, calls] of context.sizes.inFlight.entries()) {
      // 2,000 calls get twice as much of the remaining time as 1,000.
      const remainingCalls = context.sizes.inFlight.slice(index).reduce((sum, n) => sum + n, 0);
      const remainingMs = context.endsAt - performance.now();
      const endsAt = performance.now() + (remainingMs * calls) / remainingCalls;
      rows.push(...(await measureCalls(calls, { ...context, endsAt })));
      await context.environment.reset();
    }
    return rows;
  },
};

async function measureCalls(calls: number, context: ScenarioContext): Promise<Row[]> {
  const { environment, sizes } = context;
  const options = { concurrency: calls, upstreamDelayMs: callMs };
  const stacks = {
    promptq: await startStack(environment, promptq(), options),
    diy: await startStack(environment, diy, options),
  };
  const sleeping = startBareQueue(environment, {
    program: 'sleepingWorker',
    concurrency: calls,
    settings: { SLEEP_MS: String(callMs) },
  });
  const jobs = calls * sizes.waves;
  const measureStack = (stack: Stack) => {
    const [worker] = stack.workers;
    if (!worker) throw new Error('the stack has no worker');
    return watch(worker, () => drainQueue(stack, jobs));
  };
  const measureSleeping = () => watch(sleeping.worker, () => sleeping.drain(jobs));
  // One call per slot opens the connections and warms up the code.
  await drainQueue(stacks.promptq, calls);
  await drainQueue(stacks.diy, calls);
  await sleeping.drain(calls);
  const results = await alternate(
    { promptq: () => measureStack(stacks.promptq), diy: () => measureStack(stacks.diy) },
    context,
  );
  // These figures are only in the notes, so two rounds are enough.
  const slept = [await measureSleeping(), await measureSleeping()];
  await sleeping.close();
  const medianOf = (rounds: Drained[], figure: keyof Drained) =>
    median(rounds.map((round) => round[figure]));
  const sleepingRate = medianOf(slept, 'perSecond');
  const percent = Math.round((medianOf(results.promptq, 'perSecond') / sleepingRate) * 100);
  return [
    toRow({
      name: `in-flight-${calls}`,
      unit: 'jobs/s',
      ours: results.promptq.map(({ perSecond }) => perSecond),
      diy: results.diy.map(({ perSecond }) => perSecond),
      target: atLeast(rateTargets[calls] ?? defaultRateTarget),
      note: `a worker that only sleeps: ${Math.round(sleepingRate)} jobs/s; promptq reaches ${percent} % of it`,
    }),
    toRow({
      name: `in-flight-${calls}-memory`,
      unit: 'MB',
      ours: results.promptq.map(({ peakMb }) => peakMb),
      diy: results.diy.map(({ peakMb }) => peakMb),
      target: atMost(0.6),
      note: `a worker that only sleeps: ${Math.round(medianOf(slept, 'peakMb'))} MB`,
    }),
  ];
}

/** Drains a queue and takes the highest memory of its worker meanwhile. */
async function watch(worker: Service, drain: () => Promise<number>): Promise<Drained> {
  await worker.watch();
  const perSecond = await drain();
  const { peakRssBytes } = await worker.usage();
  return { perSecond, peakMb: peakRssBytes / 1e6 };
}
