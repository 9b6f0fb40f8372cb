import type { Service } from '#support/processes.ts';
import { startTcpProxy, type TcpProxy } from '#support/tcp-proxy.ts';
import { chat, withEnvironment, type Environment } from '../environment/environment.ts';
import { endedServices, repeatedCalls, settleAndCheck } from '../environment/invariants.ts';
import { activeJobsOf, countFinished } from '../environment/reader.ts';
import type { Row } from '../row.ts';
import { each, eventually } from '../wait.ts';

const concurrency = 20;

/**
 * Row 14: Redis carries out what it is asked, and its replies are lost: to the addition of jobs, and to their end. What was
 * asked is asked again, by the client of the API or by the connection of the worker, and happens once.
 */
export const lostReplies: Row = {
  number: 14,
  name: 'replies of Redis lost on the wire',
  run: ({ isShort }) =>
    withEnvironment({ env: { WORKER_CONCURRENCY: String(concurrency) } }, async (environment) => {
      const rounds = isShort ? 2 : 5;
      const violations: string[] = [];
      const proxies = [await proxyOf(environment), await proxyOf(environment)] as const;
      const [toApi, toWorker] = proxies;
      const api = await environment.anotherApi({ REDIS_URL: urlOf(toApi) });
      const worker = await environment.worker({ REDIS_URL: urlOf(toWorker) });
      let lostAdditions = 0;
      let lostEnds = 0;
      for (let round = 0; round < rounds; round += 1) {
        lostAdditions += await loseAdditions(environment, toApi, api.url, round);
        lostEnds += await loseEnds(environment, toWorker, worker);
      }
      const verdict = await settleAndCheck(environment);
      violations.push(...verdict.violations);
      if (lostAdditions === 0) violations.push('no job was added whose reply was lost');
      if (lostEnds === 0) violations.push('no job ended whose reply was lost');
      if (verdict.figures.failed > 0) violations.push(`${verdict.figures.failed} jobs failed`);
      if (verdict.reading.states.size !== verdict.figures.accepted)
        violations.push(`${verdict.reading.states.size} jobs for ${verdict.figures.accepted} keys`);
      const repeated = repeatedCalls(environment);
      if (repeated > 0) violations.push(`${repeated} calls were repeated`);
      violations.push(...(await endedServices(environment)));
      for (const proxy of proxies) await proxy.close();
      return {
        violations,
        figures: {
          ...verdict.figures,
          additions_without_reply: lostAdditions,
          ends_without_reply: lostEnds,
          repeated_calls: repeated,
        },
      };
    }),
};

const proxyOf = ({ server }: Environment) =>
  startTcpProxy({ host: '127.0.0.1', port: server.port });
const urlOf = ({ port }: TcpProxy) => `redis://127.0.0.1:${port}`;

/** Submits to an API that receives no reply of Redis, and again when it does. @returns how many jobs had been added without a reply */
async function loseAdditions(
  environment: Environment,
  proxy: TcpProxy,
  url: string,
  round: number,
) {
  const keys = Array.from({ length: 20 }, (_, at) => `lost-${round}-${at}`);
  const body = (key: string) => chat(0, `${key} held`);
  proxy.swallowAnswers();
  const before = await countJobs(environment);
  const refused = await Promise.all(keys.map((key) => environment.submit(body(key), { url, key })));
  const added = (await countJobs(environment)) - before;
  await proxy.up();
  for (const [at, key] of keys.entries()) {
    if (refused[at]?.id) continue;
    await eventually(async () => (await environment.submit(body(key), { url, key })).id !== null);
  }
  return added;
}

/** Answers the calls of a worker that receives no reply of Redis. @returns how many of its jobs ended without a reply */
async function loseEnds(
  environment: Environment,
  proxy: TcpProxy,
  worker: Service,
): Promise<number> {
  const release = Promise.withResolvers<void>();
  environment.upstream.answerWith(async () => {
    await release.promise;
    return 'done';
  });
  const before = environment.accepted.size;
  await each(concurrency, concurrency, async (n) => void (await environment.submit(chat(n))));
  await eventually(async () => (await activeJobsOf(environment, worker)) === concurrency);
  const finished = await countFinished(environment.redis, environment.prefix);
  proxy.swallowAnswers();
  release.resolve();
  await eventually(
    async () => (await countFinished(environment.redis, environment.prefix)) > finished,
  );
  const endedWithoutReply = (await countFinished(environment.redis, environment.prefix)) - finished;
  await proxy.up();
  environment.upstream.answerWith(() => 'done');
  await eventually(
    async () =>
      (await countFinished(environment.redis, environment.prefix)) >= before + concurrency,
  );
  return endedWithoutReply;
}

/** How many jobs there are, in whatever state. */
async function countJobs({ redis, keys }: Environment): Promise<number> {
  const waiting = await redis.zcard(keys.prioritized('chat'));
  const active = await redis.llen(keys.active('chat'));
  return waiting + active + (await redis.zcard(keys.completed('chat')));
}
