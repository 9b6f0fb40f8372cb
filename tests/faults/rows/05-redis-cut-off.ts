import { chat, withEnvironment } from '../environment/environment.ts';
import { endedServices, settleAndCheck } from '../environment/invariants.ts';
import { countFinished } from '../environment/reader.ts';
import type { Row, RowContext, RowResult } from '../row.ts';
import { startTcpProxy, type TcpProxy } from '#support/tcp-proxy.ts';
import { eventually, largest, sleep } from '../wait.ts';
import { submitAlways } from './04-redis-restarts.ts';

const cutOffMs = 60_000;

/** Row 5: Redis is cut off for a minute, by refused connections and by silence, from idle and from busy services. */
export const redisCutOff: Row = {
  number: 5,
  name: 'Redis cut off for 60 s',
  run: async (context) => {
    const cases = (['down', 'swallow'] as const).flatMap((way) =>
      (['idle', 'busy'] as const).map((load) => cutOff(way, load, context)),
    );
    const results = await Promise.all(cases);
    return {
      figures: Object.assign({}, ...results.map(({ figures }) => figures)) as RowResult['figures'],
      violations: results.flatMap(({ violations }) => violations),
    };
  },
};

async function cutOff(
  way: 'down' | 'swallow',
  load: 'idle' | 'busy',
  { random }: RowContext,
): Promise<RowResult> {
  let proxy: TcpProxy | undefined;
  const throughProxy = async ({ port }: { port: number }) => {
    proxy = await startTcpProxy({ host: '127.0.0.1', port });
    return `redis://127.0.0.1:${proxy.port}`;
  };
  return withEnvironment({ redisUrl: throughProxy }, async (environment) => {
    environment.upstream.answerWith(async () => {
      await sleep(random.between(20, 200));
      return 'done';
    });
    for (let n = 0; n < 2; n += 1) await environment.worker();
    const name = `${way}_${load}`;
    const violations: string[] = [];
    await environment.submit(chat(0));
    const submitter = load === 'busy' ? submitAlways(environment) : null;
    await sleep(3_000);
    await proxy?.[way]();
    if (submitter && (await submitter.everyoneIsAnswered()) === null)
      violations.push(`${name}: submissions were held while Redis was cut off`);
    await sleep(cutOffMs);
    const before = await countFinished(environment.redis, environment.prefix);
    const accepted = environment.accepted.size;
    await proxy?.up();
    const [api, workers] = await Promise.all([
      eventually(async () => {
        if (!submitter) await environment.submit(chat(1));
        return environment.accepted.size > accepted;
      }),
      eventually(async () => (await countFinished(environment.redis, environment.prefix)) > before),
    ]);
    for (const [who, seconds] of [['the API', api] as const, ['the workers', workers] as const])
      if (seconds === null) violations.push(`${name}: ${who} did not resume`);
    await sleep(1_000);
    const submissions = await submitter?.stop();
    const verdict = await settleAndCheck(environment);
    violations.push(...verdict.violations.map((violation) => `${name}: ${violation}`));
    if (verdict.figures.failed > 0) violations.push(`${name}: ${verdict.figures.failed} failed`);
    violations.push(...(await endedServices(environment)).map((end) => `${name}: ${end}`));
    await proxy?.close();
    return {
      violations,
      figures: {
        [`${name}_api_resumed_seconds`]: api ?? -1,
        [`${name}_workers_resumed_seconds`]: workers ?? -1,
        ...(submissions && {
          [`${name}_slowest_503_ms`]: Math.round(largest(submissions.refusedMs)),
        }),
        [`${name}_accepted`]: verdict.figures.accepted,
      },
    };
  });
}
