import { Redis } from 'ioredis';
import { chat, onBed, promptMark } from '../bed/bed.ts';
import { endedServices, repeatedCalls, settleAndCheck } from '../bed/invariants.ts';
import type { Row } from '../row.ts';
import { each, sleep } from '../wait.ts';

/** As docs/operating.md says. */
const rights = ['~{faults}*', '&{faults}*', '+@all', '-@dangerous', '+info'];
/** Longer than the time between two sweeps of a worker. */
const sweepMs = 50_000;

/** Row 19: the services have a Redis user with least rights. Nothing that they do is refused, also no sweep. */
export const leastRights: Row = {
  number: 19,
  name: 'a Redis user with least rights',
  run: ({ random, isShort }) => {
    const redisUrl = async ({ port, url }: { port: number; url: string }) => {
      const operator = new Redis(url);
      await operator.call('ACL', 'SETUSER', 'promptq', 'on', '>password', ...rights);
      operator.disconnect();
      return `redis://promptq:password@127.0.0.1:${port}`;
    };
    const environment = { WORKER_CONCURRENCY: '20', MAX_WAITING_JOBS_PER_TENANT: '100000' };
    return onBed({ redisUrl, environment }, async (bed) => {
      const jobs = isShort ? 200 : 1_000;
      bed.upstream.answerWith(async () => {
        await sleep(random.between(5, 50));
        return 'done';
      });
      for (let n = 0; n < 2; n += 1) await bed.worker();
      await bed.request('/v1/batches', 'POST', {
        requests: Array.from({ length: 100 }, (_, n) => ({ custom_id: `r-${n}`, ...chat(n) })),
      });
      await each(jobs, 20, async (n) => {
        const { id } = await bed.submit(chat(n, '', n % 10 === 0 ? { delay_seconds: 3_600 } : {}));
        if (n % 10 === 0) await bed.request(`/v1/jobs/${id}/cancel`, 'POST');
      });
      const texts = [`${promptMark} one`, `${promptMark} two`];
      await bed.submit({ type: 'analysis', input: { texts } });
      if (!isShort) await sleep(sweepMs);
      const verdict = await settleAndCheck(bed);
      const violations = [...verdict.violations];
      const refusals = (await bed.redis.acl('LOG')) as unknown[];
      if (refusals.length > 0) violations.push(`Redis refused ${JSON.stringify(refusals[0])}`);
      if (verdict.figures.failed > 0) violations.push(`${verdict.figures.failed} jobs failed`);
      if (repeatedCalls(bed) > 0) violations.push(`${repeatedCalls(bed)} calls were repeated`);
      violations.push(...(await endedServices(bed)));
      return { violations, figures: { ...verdict.figures, refusals: refusals.length } };
    });
  },
};
