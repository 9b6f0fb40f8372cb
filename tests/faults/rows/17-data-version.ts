import { chat, withEnvironment } from '../environment/environment.ts';
import { endedServices, repeatedCalls, settleAndCheck } from '../environment/invariants.ts';
import type { Row } from '../row.ts';
import { each, sleep } from '../wait.ts';

const services = ['packages/api/src/main.ts', 'packages/worker/src/main.ts'];

/**
 * Row 17: processes of another version are started in the middle of the work of this one, as in a deployment that went
 * wrong. They refuse, and change nothing; those that run go on.
 */
export const dataVersion: Row = {
  number: 17,
  name: 'processes that find another data version',
  run: ({ random }) =>
    withEnvironment({ env: { WORKER_CONCURRENCY: '10' } }, async (environment) => {
      const jobs = 300;
      environment.upstream.answerWith(async () => {
        await sleep(random.between(20, 200));
        return 'done';
      });
      for (let n = 0; n < 2; n += 1) await environment.worker();
      const violations: string[] = [];
      const version = await environment.redis.get(environment.keys.version);
      const submitting = each(jobs, 5, async (n) => void (await environment.submit(chat(n))));
      let refused = 0;
      for (const other of ['1', '3']) {
        await environment.redis.set(environment.keys.version, other);
        for (const file of services) {
          const service = environment.process(file);
          const { code } = await service.exited;
          const reason = service.log.find(({ msg }) => msg === 'could not start')?.['reason'];
          if (code !== 1) violations.push(`${file} ended with ${code} for version ${other}`);
          if (!String(reason).includes(`has version ${other},`))
            violations.push(`${file} said ${String(reason)}`);
          refused += 1;
        }
        if ((await environment.redis.get(environment.keys.version)) !== other)
          violations.push(`the version ${other} was overwritten`);
      }
      await environment.redis.set(environment.keys.version, version ?? '');
      await environment.worker();
      await submitting;
      const verdict = await settleAndCheck(environment);
      violations.push(...verdict.violations);
      if (verdict.figures.accepted !== jobs)
        violations.push(`only ${verdict.figures.accepted} were accepted`);
      if (verdict.figures.failed > 0) violations.push(`${verdict.figures.failed} jobs failed`);
      if (repeatedCalls(environment) > 0)
        violations.push(`${repeatedCalls(environment)} calls were repeated`);
      violations.push(...(await endedServices(environment)));
      return { violations, figures: { ...verdict.figures, processes_that_refused: refused } };
    }),
};
