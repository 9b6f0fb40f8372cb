import type { Service } from '#support/processes.ts';
import { chat, withEnvironment, promptMark, type Environment } from '../environment/environment.ts';
import { repeatedCalls, settleAndCheck } from '../environment/invariants.ts';
import type { Row } from '../row.ts';
import { eventually, sleep } from '../wait.ts';
import { deleteLocks } from './07-poison.ts';

const crashingWorker = 'tests/support/crashing-worker.ts';
const crashingApi = 'tests/support/crashing-api.ts';
const sides = ['before', 'after'] as const;
const boundaries = ['fetch', 'call', 'checkpoint', 'finish'] as const;
const concurrency = 5;

/**
 * Row 2: a process dies at each boundary of a job's life, an API before and after it adds a job, a worker before and after
 * each of its steps. Short: locks of the dead do not run out, they are deleted.
 */
export const boundaryKills: Row = {
  number: 2,
  name: 'killed at each boundary',
  run: ({ random, isShort }) =>
    withEnvironment({ env: { WORKER_CONCURRENCY: String(concurrency) } }, async (environment) => {
      environment.upstream.answerWith(async () => {
        await sleep(random.between(10, 60));
        return 'done';
      });
      const crashPoints = sides.flatMap((side) =>
        boundaries.map((boundary) => `${side}-${boundary}`),
      );
      const workers: { crashPoint: string; service: Service }[] = [];
      for (const crashPoint of crashPoints) {
        // The first fetch of each queue is made at the start, without a job.
        const on = String(random.between(crashPoint.endsWith('fetch') ? 3 : 1, 8));
        workers.push({
          crashPoint,
          service: await environment.worker({ DIES_AT: crashPoint, DIES_ON: on }, crashingWorker),
        });
      }
      const ends: { crashPoint: string; signal: string | null }[] = [];
      const violations: string[] = [];
      for (const { crashPoint, service } of workers) {
        void service.exited.then(({ signal }) => ends.push({ crashPoint, signal }));
      }
      const apis = await killApis(environment, random.between(1, 8));
      violations.push(...apis);
      // A steady trickle of jobs, so that each worker reaches its boundary.
      await eventually(async () => {
        await submitSome(environment);
        return ends.length === crashPoints.length;
      });
      const died = ends
        .filter(({ signal }) => signal === 'SIGKILL')
        .map(({ crashPoint }) => crashPoint);
      const missing = crashPoints.filter((crashPoint) => !died.includes(crashPoint));
      if (missing.length > 0) violations.push(`nobody died ${missing.join(', ')}`);
      if (isShort)
        for (const { service } of workers)
          await deleteLocks(environment, `crashing-${service.pid}`);
      const active = await environment.redis.llen(environment.keys.active('chat'));
      for (const { service } of workers) await service.kill('SIGKILL');
      await environment.worker();
      const verdict = await settleAndCheck(environment);
      violations.push(...verdict.violations);
      if (verdict.figures.failed > 0) violations.push(`${verdict.figures.failed} jobs failed`);
      if (verdict.reading.states.size !== verdict.figures.accepted)
        violations.push(`${verdict.reading.states.size} jobs for ${verdict.figures.accepted} keys`);
      return {
        violations,
        figures: {
          ...verdict.figures,
          boundaries: crashPoints.length + sides.length,
          active_when_all_were_dead: active,
          repeated_calls: repeatedCalls(environment),
        },
      };
    }),
};

/**
 * Kills an API before, and one after, it adds its n-th job. Its client has no answer and asks another API with the same
 * Idempotency-Key: every submission becomes one job.
 */
async function killApis(environment: Environment, times: number): Promise<string[]> {
  const violations: string[] = [];
  for (const side of sides) {
    const api = await environment.anotherApi(
      { DIES_AT: `${side}-add`, DIES_ON: String(times) },
      crashingApi,
    );
    for (let at = 1; at <= times; at += 1) {
      const key = `${side}-${at}`;
      const first = await environment.submit(nextChat(), { url: api.url, key });
      if ((first.id === null) !== (at === times))
        violations.push(`${key}: submission ${at} of ${times} was answered ${first.status}`);
      if (first.id !== null) continue;
      const again = await environment.submit(chat(n), { key });
      if (again.id === null) violations.push(`${key}: the second submission got ${again.status}`);
    }
    const { signal } = await api.exited;
    if (signal !== 'SIGKILL') violations.push(`nobody died ${side}-add`);
  }
  return violations;
}

let n = 0;

function nextChat(): object {
  n += 1;
  return chat(n);
}

async function submitSome(environment: Environment): Promise<void> {
  await environment.submit(nextChat());
  const texts = [`${promptMark}${n} one`, `${promptMark}${n} two`];
  await environment.submit({ type: 'analysis', input: { texts, tasks: ['summary'] } });
}
