import { chat, withEnvironment } from '../environment/environment.ts';
import { logged, repeatedCalls, settleAndCheck } from '../environment/invariants.ts';
import type { Row } from '../row.ts';
import type { Service } from '#support/processes.ts';
import { each, eventually, largest, round, sleep } from '../wait.ts';

const workers = 4;
const concurrency = 20;

/** Row 3: every worker gets a SIGTERM under load, one after the other, when its successor is ready. */
export const rollingRestart: Row = {
  number: 3,
  name: 'rolling SIGTERM under load',
  run: ({ random, isShort }) =>
    withEnvironment({ env: { WORKER_CONCURRENCY: String(concurrency) } }, async (environment) => {
      const jobs = isShort ? 1_000 : 2_000;
      environment.upstream.answerWith(async () => {
        await sleep(random.between(200, 900));
        return 'done';
      });
      const old = await Promise.all(Array.from({ length: workers }, () => environment.worker()));
      const submitting = each(jobs, 10, async (n) => void (await environment.submit(chat(n))));
      await eventually(() => environment.upstream.calls.length >= workers * concurrency);
      const exitSeconds: number[] = [];
      const violations: string[] = [];
      for (const worker of old) {
        await environment.worker();
        const startedAt = performance.now();
        const { code, signal } = await worker.kill('SIGTERM');
        exitSeconds.push(round((performance.now() - startedAt) / 1_000));
        // 0 says that everything was released within the grace.
        if (code !== 0) violations.push(`a worker ended with ${String(code ?? signal)}`);
        if (worker.log.some(({ outcome }) => outcome === 'interrupted'))
          violations.push('a worker handed jobs back that would have ended within its grace');
      }
      const openAtTheEnd = jobs - environment.upstream.calls.length;
      await submitting;
      const verdict = await settleAndCheck(environment);
      const repeated = repeatedCalls(environment);
      const stalled =
        [...verdict.reading.stalls.values()].filter((count) => count > 0).length +
        environment.services.reduce(
          (all, service: Service) => all + logged(service, 'is gone; the job runs again'),
          0,
        );
      violations.push(...verdict.violations);
      if (verdict.figures.failed > 0) violations.push(`${verdict.figures.failed} jobs failed`);
      if (stalled > 0) violations.push(`${stalled} jobs stalled`);
      if (repeated > 0) violations.push(`${repeated} calls were repeated`);
      return {
        violations,
        figures: {
          ...verdict.figures,
          jobs_left_after_the_last_exit: Math.max(0, openAtTheEnd),
          slowest_exit_seconds: largest(exitSeconds),
          stalled,
          repeated_calls: repeated,
        },
      };
    }),
};
