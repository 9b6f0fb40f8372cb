import { Redis } from 'ioredis';
import { chat, withEnvironment, promptMark } from '../environment/environment.ts';
import { endedServices, repeatedCalls, settleAndCheck } from '../environment/invariants.ts';
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
    const env = { WORKER_CONCURRENCY: '20', MAX_WAITING_JOBS_PER_TENANT: '100000' };
    return withEnvironment({ redisUrl, env }, async (environment) => {
      const jobs = isShort ? 200 : 1_000;
      environment.upstream.answerWith(async () => {
        await sleep(random.between(5, 50));
        return 'done';
      });
      for (let n = 0; n < 2; n += 1) await environment.worker();
      await environment.request('/v1/batches', 'POST', {
        requests: Array.from({ length: 100 }, (_, n) => ({ custom_id: `r-${n}`, ...chat(n) })),
      });
      await each(jobs, 20, async (n) => {
        const { id } = await environment.submit(
          chat(n, '', n % 10 === 0 ? { delay_seconds: 3_600 } : {}),
        );
        if (n % 10 === 0) await environment.request(`/v1/jobs/${id}/cancel`, 'POST');
      });
      const texts = [`${promptMark} one`, `${promptMark} two`];
      await environment.submit({ type: 'analysis', input: { texts } });
      if (!isShort) await sleep(sweepMs);
      const verdict = await settleAndCheck(environment);
      const violations = [...verdict.violations];
      const denied = (await environment.redis.acl('LOG')) as unknown[];
      if (denied.length > 0) violations.push(`Redis refused ${JSON.stringify(denied[0])}`);
      if (verdict.figures.failed > 0) violations.push(`${verdict.figures.failed} jobs failed`);
      if (repeatedCalls(environment) > 0)
        violations.push(`${repeatedCalls(environment)} calls were repeated`);
      violations.push(...(await endedServices(environment)));
      return { violations, figures: { ...verdict.figures, denied: denied.length } };
    });
  },
};
