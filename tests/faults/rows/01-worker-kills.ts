import { chat, withEnvironment } from '../environment/environment.ts';
import { repeatedCalls, settleAndCheck } from '../environment/invariants.ts';
import { activeJobsOf } from '../environment/reader.ts';
import type { Row } from '../row.ts';
import type { Service } from '#support/processes.ts';
import { each, sleep } from '../wait.ts';

const workers = 4;
const concurrency = 20;

/** Row 1: a SIGKILL of one of four workers each second, and another started instead. */
export const workerKills: Row = {
  number: 1,
  name: 'a worker killed each second',
  run: ({ random, isShort }) =>
    withEnvironment({ env: { WORKER_CONCURRENCY: String(concurrency) } }, async (environment) => {
      const jobs = isShort ? 600 : 5_000;
      const kills = isShort ? 4 : 20;
      environment.upstream.answerWith(async () => {
        await sleep(random.between(200, 500));
        return 'done';
      });
      const pool = await Promise.all(Array.from({ length: workers }, () => environment.worker()));
      const submitting = each(jobs, 20, async (n) => void (await environment.submit(chat(n))));
      await sleep(1_000);
      let inFlight = 0;
      const startedAt = performance.now();
      for (let kill = 0; kill < kills; kill += 1) {
        await sleep(Math.max(0, startedAt + kill * 1_000 - performance.now()));
        const index = random.between(0, workers - 1);
        const killed = pool[index] as Service;
        await killed.kill('SIGKILL');
        inFlight += await activeJobsOf(environment, killed);
        pool[index] = await environment.worker();
      }
      await submitting;
      const killedForSeconds = (performance.now() - startedAt) / 1_000;
      const verdict = await settleAndCheck(environment);
      const repeated = repeatedCalls(environment);
      const violations = [...verdict.violations];
      if (verdict.figures.accepted !== jobs)
        violations.push(`only ${verdict.figures.accepted} were accepted`);
      if (verdict.figures.failed > 0)
        violations.push(`${verdict.figures.failed} innocent failures`);
      if (repeated > inFlight)
        violations.push(`${repeated} calls were repeated, ${inFlight} in flight`);
      return {
        violations,
        figures: {
          ...verdict.figures,
          kills,
          seconds_of_kills: Math.round(killedForSeconds),
          in_flight_at_kills: inFlight,
          repeated_calls: repeated,
        },
      };
    }),
};
