import { chat, onBed } from '../bed/bed.ts';
import { repeatedCalls, settleAndCheck } from '../bed/invariants.ts';
import { activeJobsOf } from '../bed/reader.ts';
import type { Row } from '../row.ts';
import type { Service } from '#support/processes.ts';
import { each, sleep } from '../wait.ts';

const workers = 4;
const concurrency = 20;

/** Row 1: a SIGKILL of one of four workers each second, and another started in its place. */
export const workerKills: Row = {
  number: 1,
  name: 'a worker killed each second',
  run: ({ random, isShort }) =>
    onBed({ environment: { WORKER_CONCURRENCY: String(concurrency) } }, async (bed) => {
      const jobs = isShort ? 600 : 5_000;
      const kills = isShort ? 4 : 20;
      bed.upstream.answerWith(async () => {
        await sleep(random.between(200, 500));
        return 'done';
      });
      const pool = await Promise.all(Array.from({ length: workers }, () => bed.worker()));
      const submitting = each(jobs, 20, async (n) => void (await bed.submit(chat(n))));
      await sleep(1_000);
      let inFlight = 0;
      const startedAt = performance.now();
      for (let kill = 0; kill < kills; kill += 1) {
        await sleep(Math.max(0, startedAt + kill * 1_000 - performance.now()));
        const place = random.between(0, workers - 1);
        const doomed = pool[place] as Service;
        await doomed.kill('SIGKILL');
        inFlight += await activeJobsOf(bed, doomed);
        pool[place] = await bed.worker();
      }
      await submitting;
      const killedForSeconds = (performance.now() - startedAt) / 1_000;
      const verdict = await settleAndCheck(bed);
      const repeated = repeatedCalls(bed);
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
