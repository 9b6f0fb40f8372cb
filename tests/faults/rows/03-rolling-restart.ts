import { chat, onBed } from '../bed/bed.ts';
import { logged, repeatedCalls, settleAndCheck } from '../bed/invariants.ts';
import type { Row } from '../row.ts';
import type { Service } from '#support/processes.ts';
import { each, largest, round, sleep, within } from '../wait.ts';

const workers = 4;
const graceSeconds = 30;

/** Row 3: every worker gets a SIGTERM under load, one after the other, when its successor is ready. */
export const rollingRestart: Row = {
  number: 3,
  name: 'rolling SIGTERM under load',
  run: ({ random, isShort }) =>
    onBed({ environment: { WORKER_CONCURRENCY: '20' } }, async (bed) => {
      const jobs = isShort ? 1_000 : 2_000;
      bed.upstream.answerWith(async () => {
        await sleep(random.between(200, 900));
        return 'done';
      });
      const old = await Promise.all(Array.from({ length: workers }, () => bed.worker()));
      const submitting = each(jobs, 10, async (n) => void (await bed.submit(chat(n))));
      await within(20, () => bed.upstream.calls.length >= workers * 20);
      const exitSeconds: number[] = [];
      const violations: string[] = [];
      for (const worker of old) {
        await bed.worker();
        const startedAt = performance.now();
        const { code, signal } = await worker.kill('SIGTERM');
        exitSeconds.push(round((performance.now() - startedAt) / 1_000));
        if (code !== 0) violations.push(`a worker ended with ${String(code ?? signal)}`);
      }
      const openAtTheEnd = jobs - bed.upstream.calls.length;
      await submitting;
      const verdict = await settleAndCheck(bed, 120);
      const repeated = repeatedCalls(bed);
      const stalled =
        [...verdict.reading.stalls.values()].filter((count) => count > 0).length +
        bed.services.reduce(
          (all, service: Service) => all + logged(service, 'is gone; it runs again'),
          0,
        );
      violations.push(...verdict.violations);
      if (verdict.figures.failed > 0) violations.push(`${verdict.figures.failed} jobs failed`);
      if (stalled > 0) violations.push(`${stalled} jobs stalled`);
      if (repeated > 0) violations.push(`${repeated} calls were repeated`);
      if (largest(exitSeconds) > graceSeconds)
        violations.push('an exit took longer than the grace');
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
