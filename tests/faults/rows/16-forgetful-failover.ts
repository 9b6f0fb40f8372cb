import { chat, withEnvironment } from '../environment/environment.ts';
import { endedServices, recordFaults, settle } from '../environment/invariants.ts';
import { countFinished, readAll } from '../environment/reader.ts';
import type { Row } from '../row.ts';
import { eventually, sleep } from '../wait.ts';

const submitters = 8;
const forgottenMs = 1_000;

/**
 * Row 16: a failover to a copy that lacks the last second. One Redis does the same here: it saves a snapshot, goes on for a
 * second, is killed, and starts with the snapshot. What was accepted or finished in that second has never happened. A
 * client that repeats its submission with the same Idempotency-Key has its job again; everything that is there ends once.
 */
export const forgetfulFailover: Row = {
  number: 16,
  name: 'a failover that forgets the last second',
  run: ({ random, isShort }) => {
    const redisArgs = ['--appendonly', 'no', '--save', ''];
    const env = { WORKER_CONCURRENCY: '10', MAX_WAITING_JOBS_PER_TENANT: '100000' };
    return withEnvironment({ redisArgs, env }, async (environment) => {
      environment.upstream.answerWith(async () => {
        await sleep(random.between(20, 200));
        return 'done';
      });
      for (let n = 0; n < 3; n += 1) await environment.worker();
      const failovers = isShort ? 1 : 5;
      const submitted: { key: string; id: string; body: object }[] = [];
      const end = new AbortController();
      let n = 0;
      const submitting = Promise.all(
        Array.from({ length: submitters }, async () => {
          while (!end.signal.aborted) {
            n += 1;
            const [key, body] = [`k-${n}`, chat(n)];
            const { id } = await environment.submit(body, { key });
            if (id !== null) submitted.push({ key, id, body });
            await sleep(20);
          }
        }),
      );
      let forgotten = 0;
      let forgottenEnds = 0;
      const violations: string[] = [];
      for (let failover = 0; failover < failovers; failover += 1) {
        const before = submitted.length;
        await eventually(() => submitted.length > before + 100);
        await environment.redis.save();
        await sleep(forgottenMs);
        const finished = await countFinished(environment.redis, environment.prefix);
        await environment.server.kill();
        await environment.server.restart();
        forgottenEnds += finished - (await countFinished(environment.redis, environment.prefix));
        const resumedAt = submitted.length;
        if ((await eventually(() => submitted.length > resumedAt)) === null)
          violations.push('the API did not resume');
      }
      end.abort();
      await submitting;
      if (!(await settle(environment))) violations.push('not all jobs ended');
      const lost: typeof submitted = [];
      for (const submission of submitted)
        if (!(await environment.redis.exists(environment.keys.job('chat', submission.id))))
          lost.push(submission);
      forgotten = lost.length;
      // Their clients ask again.
      const again = new Set<string>();
      for (const { key, body } of lost) {
        const { id, status } = await environment.submit(body, { key });
        if (id === null) violations.push(`${key} was answered ${status} when it was asked again`);
        else again.add(id);
      }
      if (!(await settle(environment)))
        violations.push('not all jobs ended that were submitted again');
      const reading = await readAll(environment.redis, environment.prefix);
      const known = new Set([
        ...submitted.filter((one) => !lost.includes(one)).map(({ id }) => id),
        ...again,
      ]);
      violations.push(...recordFaults(known, reading));
      if (forgotten === 0) violations.push('nothing was forgotten: the fault did not happen');
      const failed = [...reading.endings.values()].filter(
        (ending) => ending !== 'completed',
      ).length;
      if (failed > 0) violations.push(`${failed} jobs did not complete`);
      const slots = await environment.redis.scard(environment.keys.openJobs('default'));
      if (slots > 0) violations.push(`${slots} slots of a tenant were not freed`);
      violations.push(...(await endedServices(environment)));
      return {
        violations,
        figures: {
          accepted: submitted.length,
          failovers,
          forgotten_jobs: forgotten,
          forgotten_ends: forgottenEnds,
          jobs: reading.states.size,
          audit_events: reading.auditEvents,
        },
      };
    });
  },
};
