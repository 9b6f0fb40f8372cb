import { chat, withEnvironment, promptMark } from '../environment/environment.ts';
import { endedServices, repeatedCalls, settleAndCheck } from '../environment/invariants.ts';
import type { Row } from '../row.ts';
import { each, sleep } from '../wait.ts';

/** Row 15: Redis forgets all scripts again and again, as after a restart or a failover, while jobs and batches run. */
export const scriptFlush: Row = {
  number: 15,
  name: 'SCRIPT FLUSH under load',
  run: ({ random, isShort }) =>
    withEnvironment({ env: { WORKER_CONCURRENCY: '20' } }, async (environment) => {
      const jobs = isShort ? 300 : 2_000;
      const requests = isShort ? 100 : 500;
      environment.upstream.answerWith(async () => {
        await sleep(random.between(5, 50));
        return 'done';
      });
      for (let n = 0; n < 2; n += 1) await environment.worker();
      const end = new AbortController();
      let flushes = 0;
      const flushing = (async () => {
        while (!end.signal.aborted) {
          await environment.redis.script('FLUSH');
          flushes += 1;
          // Redis compiles each script again after it. More often, it does little else on a busy machine.
          await sleep(random.between(50, 300));
        }
      })();
      const statuses = new Map<number, number>();
      const batch = await environment.request('/v1/batches', 'POST', {
        requests: Array.from({ length: requests }, (_, n) => ({
          custom_id: `r-${n}`,
          ...chat(n, 'of a batch'),
        })),
      });
      const delayed = { delay_seconds: 86_400 };
      await each(jobs, 20, async (n) => {
        const isCancelled = n % 10 === 0;
        const { status, id } = await environment.submit(chat(n, '', isCancelled ? delayed : {}));
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        if (id && isCancelled) await environment.request(`/v1/jobs/${id}/cancel`, 'POST');
      });
      const texts = [`${promptMark} one`, `${promptMark} two`];
      await environment.submit({ type: 'analysis', input: { texts } });
      const verdict = await settleAndCheck(environment);
      end.abort();
      await flushing;
      const violations = [...verdict.violations];
      const odd = [...statuses].filter(([status]) => status !== 202);
      if (odd.length > 0) violations.push(`submissions were answered ${odd.join(' times, ')}`);
      if (batch.status !== 202) violations.push(`the batch was answered ${batch.status}`);
      const cancelled = Number(verdict.figures['cancelled']);
      if (cancelled !== jobs / 10) violations.push(`${cancelled} of ${jobs / 10} are cancelled`);
      if (verdict.figures.failed > 0) violations.push(`${verdict.figures.failed} jobs failed`);
      const total = verdict.reading.states.size;
      if (total !== jobs + requests + 1) violations.push(`${total} jobs`);
      const repeated = repeatedCalls(environment);
      if (repeated > 0) violations.push(`${repeated} calls were repeated`);
      violations.push(...(await endedServices(environment)));
      return { violations, figures: { ...verdict.figures, flushes, repeated_calls: repeated } };
    }),
};
