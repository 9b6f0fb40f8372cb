import { chat, withEnvironment, type Environment } from '../environment/environment.ts';
import { settleAndCheck } from '../environment/invariants.ts';
import type { Row } from '../row.ts';
import type { Service } from '#support/processes.ts';
import { auditFrom } from '../environment/reader.ts';
import { each, sleep } from '../wait.ts';

const stubWorker = 'tests/faults/workers/stub-worker.ts';
/** `maxStalledCount` is 3: a job that stalls for the fourth time fails. */
const maxCrashes = 4;
const workers = 3;

/** Row 7: one job among many kills each process that runs it. Short: locks of the dead do not run out, they are deleted. */
export const poison: Row = {
  number: 7,
  name: 'a poison job among others',
  run: ({ random, isShort }) =>
    withEnvironment({ env: { WORKER_CONCURRENCY: '10' } }, async (environment) => {
      const others = isShort ? 300 : 1_000;
      const poisonAt = random.between(20, others - 20);
      environment.upstream.answerWith(async (call) => {
        if (call.body.messages[0]?.content.includes('poison')) return 'die';
        await sleep(random.between(50, 300));
        return 'done';
      });
      const supervisor = supervise(environment, isShort);
      let poisonId: string | null = null;
      await each(others + 1, 10, async (n) => {
        const { id } = await environment.submit(chat(n, n === poisonAt ? 'poison' : ''));
        if (n === poisonAt) poisonId = id;
      });
      const verdict = await settleAndCheck(environment);
      const crashes = await supervisor.stop();
      const violations = [...verdict.violations];
      const { completed, failed } = verdict.figures;
      if (crashes > maxCrashes) violations.push(`${crashes} crashes`);
      if (Number(completed) !== others)
        violations.push(`${String(completed)} of ${others} completed`);
      if (failed !== 1) violations.push(`${failed} failed`);
      let code = 'none';
      for await (const event of auditFrom(environment.redis, `${environment.prefix}:audit`))
        if (event.jobId === poisonId) code = event.error?.code ?? 'none';
      if (code !== 'worker_lost') violations.push(`the poison job ended with ${code}`);
      const innocentStalls = [...verdict.reading.stalls].filter(
        ([id, stalls]) => id !== poisonId && stalls > 0,
      );
      return {
        violations,
        figures: {
          ...verdict.figures,
          crashes,
          poison_code: code,
          neighbours_run_again: innocentStalls.length,
          max_stalls_of_a_neighbour: Math.max(0, ...innocentStalls.map(([, stalls]) => stalls)),
        },
      };
    }),
};

/** Keeps `workers` workers running: one that dies is started again, as systemd or Kubernetes would. */
function supervise(environment: Environment, deletesLocks: boolean) {
  const end = new AbortController();
  let crashes = 0;
  const keepOneRunning = async () => {
    while (!end.signal.aborted) {
      const worker: Service = await environment.worker({}, stubWorker);
      await Promise.race([worker.exited, over.promise]);
      if (end.signal.aborted) return;
      crashes += 1;
      if (deletesLocks) await deleteLocks(environment, `stub-${worker.pid}`);
    }
  };
  const over = Promise.withResolvers<void>();
  const slots = Promise.all(Array.from({ length: workers }, keepOneRunning));
  return {
    stop: async () => {
      end.abort();
      over.resolve();
      await slots;
      return crashes;
    },
  };
}

/** Hastens the recovery: the locks of a dead worker's jobs would run out within 30 s. */
export async function deleteLocks({ redis, keys }: Environment, workerName: string): Promise<void> {
  for (const type of ['chat', 'analysis'] as const)
    for (const id of await redis.lrange(keys.active(type), 0, -1))
      if ((await redis.hget(keys.job(type, id), 'pb')) === workerName)
        await redis.del(keys.lock(type, id));
}
