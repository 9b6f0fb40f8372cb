import { chat, withEnvironment } from '../environment/environment.ts';
import { endedServices, logged, repeatedCalls, settleAndCheck } from '../environment/invariants.ts';
import type { Row } from '../row.ts';
import { each, eventually, sleep } from '../wait.ts';

const stubWorker = 'tests/faults/workers/stub-worker.ts';
/** Two lock times. */
const blockedMs = 60_000;

/** Row 8: the event loop of one of two workers stands still, with other jobs in its hands. */
export const blockedLoop: Row = {
  number: 8,
  name: 'the event loop blocked for two lock times',
  run: ({ random }) =>
    withEnvironment({ env: { WORKER_CONCURRENCY: '10' } }, async (environment) => {
      let blocked = 0;
      environment.upstream.answerWith(async (call) => {
        const blocks = call.body.messages[0]?.content.includes('heavy');
        await sleep(random.between(500, 1_500));
        // Only once: who takes the job over is not blocked too.
        return blocks && blocked++ === 0 ? `block ${blockedMs}` : 'done';
      });
      const workers = [
        await environment.worker({}, stubWorker),
        await environment.worker({}, stubWorker),
      ];
      const heavyAt = random.between(20, 60);
      await each(
        300,
        10,
        async (n) => void (await environment.submit(chat(n, n === heavyAt ? 'heavy' : ''))),
      );
      const verdict = await settleAndCheck(environment);
      // The blocked process comes back after the jobs are done: what it then does must change nothing.
      const discarded = () =>
        workers.reduce((all, worker) => all + logged(worker, 'lost the lock of a job'), 0);
      const cameBack = await eventually(() => discarded() > 0);
      const after = await settleAndCheck(environment);
      const stalled = [...after.reading.stalls.values()].filter((stalls) => stalls > 0).length;
      const violations = [...verdict.violations, ...after.violations];
      if (after.figures.failed > 0) violations.push(`${after.figures.failed} jobs failed`);
      if (blocked === 0) violations.push('nobody was blocked');
      if (cameBack === null) violations.push('the blocked worker discarded no result');
      violations.push(...(await endedServices(environment)));
      return {
        violations,
        figures: {
          ...after.figures,
          taken_over: stalled,
          discarded: discarded(),
          repeated_calls: repeatedCalls(environment),
        },
      };
    }),
};
