import type { Service } from '#support/processes.ts';
import { startTcpProxy, type TcpProxy } from '#support/tcp-proxy.ts';
import { chat, onBed, type Bed } from '../bed/bed.ts';
import { endedServices, repeatedCalls, settleAndCheck } from '../bed/invariants.ts';
import { activeJobsOf, countFinished } from '../bed/reader.ts';
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
    onBed({ environment: { WORKER_CONCURRENCY: String(concurrency) } }, async (bed) => {
      const rounds = isShort ? 2 : 5;
      const violations: string[] = [];
      const proxies = [await proxyOf(bed), await proxyOf(bed)] as const;
      const [toApi, toWorker] = proxies;
      const api = await bed.anotherApi({ REDIS_URL: urlOf(toApi) });
      const worker = await bed.worker({ REDIS_URL: urlOf(toWorker) });
      let lostAdditions = 0;
      let lostEnds = 0;
      for (let round = 0; round < rounds; round += 1) {
        lostAdditions += await loseAdditions(bed, toApi, api.url, round);
        lostEnds += await loseEnds(bed, toWorker, worker);
      }
      const verdict = await settleAndCheck(bed);
      violations.push(...verdict.violations);
      if (lostAdditions === 0) violations.push('no job was added whose reply was lost');
      if (lostEnds === 0) violations.push('no job ended whose reply was lost');
      if (verdict.figures.failed > 0) violations.push(`${verdict.figures.failed} jobs failed`);
      if (verdict.reading.states.size !== verdict.figures.accepted)
        violations.push(`${verdict.reading.states.size} jobs for ${verdict.figures.accepted} keys`);
      const repeated = repeatedCalls(bed);
      if (repeated > 0) violations.push(`${repeated} calls were repeated`);
      violations.push(...(await endedServices(bed)));
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

const proxyOf = ({ server }: Bed) => startTcpProxy({ host: '127.0.0.1', port: server.port });
const urlOf = ({ port }: TcpProxy) => `redis://127.0.0.1:${port}`;

/** Submits to an API that hears nothing of Redis, and again when it does. @returns how many jobs had been added unheard */
async function loseAdditions(bed: Bed, proxy: TcpProxy, url: string, round: number) {
  const keys = Array.from({ length: 20 }, (_, at) => `lost-${round}-${at}`);
  const body = (key: string) => chat(0, `${key} held`);
  proxy.swallowAnswers();
  const before = await countJobs(bed);
  const refused = await Promise.all(keys.map((key) => bed.submit(body(key), { url, key })));
  const added = (await countJobs(bed)) - before;
  await proxy.up();
  for (const [at, key] of keys.entries()) {
    if (refused[at]?.id) continue;
    await eventually(async () => (await bed.submit(body(key), { url, key })).id !== null);
  }
  return added;
}

/** Answers the calls of a worker that hears nothing of Redis. @returns how many of its jobs ended unheard */
async function loseEnds(bed: Bed, proxy: TcpProxy, worker: Service): Promise<number> {
  const release = Promise.withResolvers<void>();
  bed.upstream.answerWith(async () => {
    await release.promise;
    return 'done';
  });
  const before = bed.accepted.size;
  await each(concurrency, concurrency, async (n) => void (await bed.submit(chat(n))));
  await eventually(async () => (await activeJobsOf(bed, worker)) === concurrency);
  const finished = await countFinished(bed.redis, bed.prefix);
  proxy.swallowAnswers();
  release.resolve();
  await eventually(async () => (await countFinished(bed.redis, bed.prefix)) > finished);
  const unheard = (await countFinished(bed.redis, bed.prefix)) - finished;
  await proxy.up();
  bed.upstream.answerWith(() => 'done');
  await eventually(
    async () => (await countFinished(bed.redis, bed.prefix)) >= before + concurrency,
  );
  return unheard;
}

/** How many jobs there are, in whatever state. */
async function countJobs({ redis, keys }: Bed): Promise<number> {
  const waiting = await redis.zcard(keys.prioritized('chat'));
  const active = await redis.llen(keys.active('chat'));
  return waiting + active + (await redis.zcard(keys.completed('chat')));
}
