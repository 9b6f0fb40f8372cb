import { onBed, signal, type Bed } from '../bed/bed.ts';
import { endedServices, logged, repeatedCalls, settleAndCheck } from '../bed/invariants.ts';
import type { Row, RowContext, RowResult } from '../row.ts';
import type { Service } from '#support/processes.ts';
import { startTcpProxy } from '#support/tcp-proxy.ts';
import { eventually, sleep } from '../wait.ts';
import { activeJobsOf } from '../bed/reader.ts';
import { submitAlways } from './04-redis-restarts.ts';

const concurrency = 5;

/** Row 6: one of four workers is away for longer than its lock: stopped, or its way to Redis swallows everything. */
export const stoppedWorker: Row = {
  number: 6,
  name: 'a worker away longer than its lock',
  run: async (context) => {
    const [stopped, blackHoled] = await Promise.all([
      away('stopped', context, async (bed) => {
        const worker = await bed.worker();
        return {
          worker,
          leave: () => signal(worker.pid, 'SIGSTOP'),
          comeBack: async () => signal(worker.pid, 'SIGCONT'),
        };
      }),
      away('black_holed', context, async (bed) => {
        const proxy = await startTcpProxy({ host: '127.0.0.1', port: bed.server.port });
        const worker = await bed.worker({ REDIS_URL: `redis://127.0.0.1:${proxy.port}` });
        return { worker, leave: () => proxy.swallow(), comeBack: () => proxy.up() };
      }),
    ]);
    return {
      figures: { ...stopped.figures, ...blackHoled.figures },
      violations: [...stopped.violations, ...blackHoled.violations],
    };
  },
};

interface Leaver {
  worker: Service;
  leave(): void;
  comeBack(): Promise<void>;
}

function away(
  name: string,
  { random }: RowContext,
  start: (bed: Bed) => Promise<Leaver>,
): Promise<RowResult> {
  return onBed({ environment: { WORKER_CONCURRENCY: String(concurrency) } }, async (bed) => {
    bed.upstream.answerWith(async () => {
      await sleep(random.between(500, 2_500));
      return 'done';
    });
    const violations: string[] = [];
    for (let n = 0; n < 3; n += 1) await bed.worker();
    const leaver = await start(bed);
    const held = () => activeJobsOf(bed, leaver.worker);
    const submitter = submitAlways(bed);
    await eventually(() => bed.upstream.calls.length >= 20);
    await sleep(random.between(0, 500));
    await eventually(async () => (await held()) === concurrency);
    leaver.leave();
    await sleep(2_000);
    await submitter.stop();
    // Its locks expire (30 s), and the stalled check (each 15 s) gives the jobs to others.
    if ((await eventually(async () => (await held()) === 0)) === null)
      violations.push('its jobs were not taken over');
    await leaver.comeBack();
    const verdict = await settleAndCheck(bed);
    // It is of use again: it takes jobs.
    const endedBefore = logged(leaver.worker, 'attempt ended');
    const more = submitAlways(bed);
    const useful = await eventually(() => logged(leaver.worker, 'attempt ended') > endedBefore);
    await more.stop();
    const after = await settleAndCheck(bed);
    const discarded = leaver.worker.log.filter(
      ({ msg, outcome }) => msg.includes('lost the lock of a job') || outcome === 'lost',
    ).length;
    const stalled = [...verdict.reading.stalls.values()].filter((stalls) => stalls > 0).length;
    violations.push(...verdict.violations, ...after.violations);
    if (useful === null) violations.push('the worker took no job after it came back');
    if (stalled === 0) violations.push('nothing was taken over: the fault did not happen');
    if (discarded === 0) violations.push('no late result was discarded');
    if (after.figures.failed > 0) violations.push(`${after.figures.failed} failed`);
    violations.push(...(await endedServices(bed)));
    return {
      violations: violations.map((violation) => `${name}: ${violation}`),
      figures: {
        [`${name}_accepted`]: after.figures.accepted,
        [`${name}_taken_over`]: stalled,
        [`${name}_discarded_or_aborted`]: discarded,
        [`${name}_repeated_calls`]: repeatedCalls(bed),
        [`${name}_of_use_again_seconds`]: useful ?? -1,
      },
    };
  });
}
