import { withEnvironment, signal, type Environment } from '../environment/environment.ts';
import { endedServices, logged, repeatedCalls, settleAndCheck } from '../environment/invariants.ts';
import type { Row, RowContext, RowResult } from '../row.ts';
import type { Service } from '#support/processes.ts';
import { startTcpProxy } from '#support/tcp-proxy.ts';
import { eventually, sleep } from '../wait.ts';
import { activeJobsOf } from '../environment/reader.ts';
import { submitAlways } from './04-redis-restarts.ts';

const concurrency = 5;

/** Row 6: one of four workers is away for longer than its lock: stopped, or its way to Redis swallows everything. */
export const stoppedWorker: Row = {
  number: 6,
  name: 'a worker away longer than its lock',
  run: async (context) => {
    const [stopped, blackHoled] = await Promise.all([
      away('stopped', context, async (environment) => {
        const worker = await environment.worker();
        return {
          worker,
          suspend: () => signal(worker.pid, 'SIGSTOP'),
          resume: async () => signal(worker.pid, 'SIGCONT'),
        };
      }),
      away('black_holed', context, async (environment) => {
        const proxy = await startTcpProxy({ host: '127.0.0.1', port: environment.server.port });
        const worker = await environment.worker({ REDIS_URL: `redis://127.0.0.1:${proxy.port}` });
        return { worker, suspend: () => proxy.swallow(), resume: () => proxy.up() };
      }),
    ]);
    return {
      figures: { ...stopped.figures, ...blackHoled.figures },
      violations: [...stopped.violations, ...blackHoled.violations],
    };
  },
};

interface SuspendableWorker {
  worker: Service;
  suspend(): void;
  resume(): Promise<void>;
}

function away(
  name: string,
  { random }: RowContext,
  start: (environment: Environment) => Promise<SuspendableWorker>,
): Promise<RowResult> {
  return withEnvironment(
    { env: { WORKER_CONCURRENCY: String(concurrency) } },
    async (environment) => {
      environment.upstream.answerWith(async () => {
        await sleep(random.between(500, 2_500));
        return 'done';
      });
      const violations: string[] = [];
      for (let n = 0; n < 3; n += 1) await environment.worker();
      const suspended = await start(environment);
      const held = () => activeJobsOf(environment, suspended.worker);
      const submitter = submitAlways(environment);
      await eventually(() => environment.upstream.calls.length >= 20);
      await sleep(random.between(0, 500));
      await eventually(async () => (await held()) === concurrency);
      suspended.suspend();
      await sleep(2_000);
      await submitter.stop();
      // Its locks expire (30 s), and the stalled check (each 15 s) gives the jobs to others.
      if ((await eventually(async () => (await held()) === 0)) === null)
        violations.push('its jobs were not taken over');
      await suspended.resume();
      const verdict = await settleAndCheck(environment);
      // It works again: it takes jobs.
      const endedBefore = logged(suspended.worker, 'attempt ended');
      const more = submitAlways(environment);
      const useful = await eventually(
        () => logged(suspended.worker, 'attempt ended') > endedBefore,
      );
      await more.stop();
      const after = await settleAndCheck(environment);
      const discarded = suspended.worker.log.filter(
        ({ msg, outcome }) => msg.includes('lost the lock of a job') || outcome === 'lost',
      ).length;
      const stalled = [...verdict.reading.stalls.values()].filter((stalls) => stalls > 0).length;
      violations.push(...verdict.violations, ...after.violations);
      if (useful === null) violations.push('the worker took no job after it came back');
      if (stalled === 0) violations.push('nothing was taken over: the fault did not happen');
      if (discarded === 0) violations.push('no late result was discarded');
      if (after.figures.failed > 0) violations.push(`${after.figures.failed} failed`);
      violations.push(...(await endedServices(environment)));
      return {
        violations: violations.map((violation) => `${name}: ${violation}`),
        figures: {
          [`${name}_accepted`]: after.figures.accepted,
          [`${name}_taken_over`]: stalled,
          [`${name}_discarded_or_aborted`]: discarded,
          [`${name}_repeated_calls`]: repeatedCalls(environment),
          [`${name}_of_use_again_seconds`]: useful ?? -1,
        },
      };
    },
  );
}
