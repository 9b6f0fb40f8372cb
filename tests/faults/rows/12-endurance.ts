import { withEnvironment, type Environment } from '../environment/environment.ts';
import { logFaults } from '../environment/invariants.ts';
import { measurable } from '../environment/memory.ts';
import { countOpen, readAll } from '../environment/reader.ts';
import type { Figures, Row } from '../row.ts';
import { startTcpProxy, type TcpProxy } from '#support/tcp-proxy.ts';
import { eventually, largest, maxWaitSeconds, sleep } from '../wait.ts';
import { Crew, faultKinds, upstreamAnswers } from './12-faults.ts';
import { startLoad } from './12-load.ts';
import { measureBoth, memoryFaults, memoryFigures, type Measured } from './12-memory.ts';
import { medianIn, startWatching } from './12-watch.ts';

/** How the Dockerfile has Node.js run. */
const asInTheImages = '--max-semi-space-size=16';
const warmUpPart = 0.3;
/** Of the run: what is compared with each other. Memory is collected at the end of the warm-up, so "natural" is before. */
const windows = { beforeWarm: [0.13, 0.3], warm: [0.3, 0.47], end: [0.83, 1] } as const;
const maxKeyGrowth = 0.25;

/**
 * Row 12: 50 jobs a second for a long time, with the faults of the rows 4 to 9 at random.
 *
 * Memory is judged after a full collection, at the end of the warm-up and at the end, in moments without a fault.
 * Natural resident memory is only reported: V8 doubles its young generation when much of it survives (an outage, a burst),
 * up to 128 MB unless a smaller limit is set, shrinks it when there is little to do, keeps emptied pages for later, and lets
 * garbage stand up to several times what is in use. So it goes up and down by 100 MB while the process holds the same
 * 35 MB: it shows the budget of V8, not a leak.
 */
export const endurance: Row = {
  number: 12,
  name: 'endurance with random faults',
  run: (context) => {
    const { random, minutes } = context;
    let proxy: TcpProxy | undefined;
    const redisUrl = async ({ port }: { port: number }) => {
      proxy = await startTcpProxy({ host: '127.0.0.1', port });
      return `redis://127.0.0.1:${proxy.port}`;
    };
    // Short lives of results and events, so that the keys are flat while it lasts.
    const env = {
      RESULT_TTL_SECONDS: '60',
      AUDIT_TTL_SECONDS: '300',
      WORKER_CONCURRENCY: '25',
      NODE_OPTIONS: [measurable.NODE_OPTIONS, asInTheImages].join(' '),
    };
    return withEnvironment(
      { redisUrl, env, redisArgs: ['--appendfsync', 'always'] },
      async (environment) => {
        if (!proxy) throw new Error('the proxy was not started');
        const answers = upstreamAnswers(random);
        environment.upstream.answerWith(answers.answer);
        const witness = await environment.worker();
        const crew = await Crew.start(environment, 3);
        const watch = startWatching(environment, witness.pid);
        const load = startLoad(environment);
        const startedAt = Date.now();
        const endsAt = startedAt + minutes * 60_000;
        const isWarmAt = startedAt + warmUpPart * minutes * 60_000;
        let warm: Measured | undefined;
        const counts: Figures = {};
        await sleep(Math.min(30_000, (minutes * 60_000) / 10));
        while (Date.now() < endsAt - 30_000) {
          const kind = random.pick(faultKinds);
          counts[kind.name] = Number(counts[kind.name] ?? 0) + 1;
          context.say(`${Math.round((endsAt - Date.now()) / 1_000)} s left: ${kind.name}`);
          await kind.happen({ environment, proxy, crew, random, answers });
          await sleep(random.between(5_000, 15_000));
          if (!warm && Date.now() >= isWarmAt) warm = await measureBoth(environment.api, witness);
        }
        await sleep(Math.max(0, endsAt - Date.now()));
        const end = await measureBoth(environment.api, witness);
        await load.stop();
        await crew.stop();
        await environment.worker();
        const settled = await eventually(
          async () => (await countOpen(environment.redis, environment.prefix)) === 0,
        );
        await sleep(3_000);
        const seen = await watch.stop();
        await proxy.close();
        const violations = [
          ...logFaults(environment),
          ...(await recordFaults(environment, seen.audit)),
        ];
        if (settled === null)
          violations.push(`not all jobs were terminal ${maxWaitSeconds} s after the end`);
        if (warm) violations.push(...memoryFaults(warm, end));
        else violations.push('too short: memory was not measured at the end of the warm-up');
        const { apiRssMb, workerRssMb, keys, redisMb } = seen.samples;
        const [keysWarm, keysEnd] = [medianIn(keys, windows.warm), medianIn(keys, windows.end)];
        violations.push(...keyFaults(keysWarm, keysEnd));
        return {
          violations,
          figures: {
            minutes,
            accepted: environment.accepted.size,
            refused: load.refused(),
            audit_events: seen.audit.size,
            ...seen.endings,
            ...counts,
            ...(warm ? memoryFigures(warm, end) : {}),
            api_natural_rss_mb_warm: medianIn(apiRssMb, windows.beforeWarm),
            api_natural_rss_mb_end: medianIn(apiRssMb, windows.end),
            api_natural_rss_mb_max: largest(apiRssMb),
            worker_natural_rss_mb_warm: medianIn(workerRssMb, windows.beforeWarm),
            worker_natural_rss_mb_end: medianIn(workerRssMb, windows.end),
            worker_natural_rss_mb_max: largest(workerRssMb),
            keys_warm: keysWarm,
            keys_end: keysEnd,
            redis_mb_warm: medianIn(redisMb, windows.warm),
            redis_mb_end: medianIn(redisMb, windows.end),
          },
        };
      },
    );
  },
};

/** The state of Redis is judged by itself: it is flat when results are removed as fast as they come. */
function keyFaults(warm: number, end: number): string[] {
  return end - warm > warm * maxKeyGrowth ? [`keys grew from ${warm} to ${end}`] : [];
}

/** As after the other rows, except that a job may have been removed after its retention time: its event was seen. */
async function recordFaults(
  environment: Environment,
  audit: Map<string, string[]>,
): Promise<string[]> {
  const reading = await readAll(environment.redis, environment.prefix);
  const faults: string[] = [];
  for (const id of environment.accepted) {
    const events = audit.get(id)?.length ?? 0;
    if (events !== 1)
      faults.push(
        `${id} has ${events} audit events and is ${reading.states.get(id)?.join() ?? 'removed'}`,
      );
  }
  for (const [id, states] of reading.states) {
    if (states.length !== 1) faults.push(`${id} is in ${states.join(' and ')}`);
    const ending = reading.endings.get(id) ?? 'open';
    const event = audit.get(id)?.[0] ?? 'none';
    if (event !== `job.${ending}`) faults.push(`${id} is ${ending}, its event ${event}`);
  }
  return faults.length > 5 ? [...faults.slice(0, 5), `and ${faults.length - 5} more`] : faults;
}
