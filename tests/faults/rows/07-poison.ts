import { chat, onBed, type Bed } from '../bed/bed.ts';
import { settleAndCheck } from '../bed/invariants.ts';
import type { Row } from '../row.ts';
import type { Service } from '#support/processes.ts';
import { auditFrom } from '../bed/reader.ts';
import { each, sleep } from '../wait.ts';

const stubWorker = 'tests/faults/workers/stub-worker.ts';
/** `maxStalledCount` is 3: found without its worker four times, a job is failed. */
const mostCrashes = 4;
const workers = 3;

/** Row 7: one job among many kills each process that runs it. Short: locks of the dead do not run out, they are deleted. */
export const poison: Row = {
  number: 7,
  name: 'a poison job among others',
  run: ({ random, isShort }) =>
    onBed({ environment: { WORKER_CONCURRENCY: '10' } }, async (bed) => {
      const others = isShort ? 300 : 1_000;
      const poisonAt = random.between(20, others - 20);
      bed.upstream.answerWith(async (call) => {
        if (call.body.messages[0]?.content.includes('poison')) return 'die';
        await sleep(random.between(50, 300));
        return 'done';
      });
      const supervisor = supervise(bed, isShort);
      let poisonId: string | null = null;
      await each(others + 1, 10, async (n) => {
        const { id } = await bed.submit(chat(n, n === poisonAt ? 'poison' : ''));
        if (n === poisonAt) poisonId = id;
      });
      const verdict = await settleAndCheck(bed);
      const crashes = await supervisor.stop();
      const violations = [...verdict.violations];
      const { completed, failed } = verdict.figures;
      if (crashes > mostCrashes) violations.push(`${crashes} crashes`);
      if (Number(completed) !== others)
        violations.push(`${String(completed)} of ${others} completed`);
      if (failed !== 1) violations.push(`${failed} failed`);
      let code = 'none';
      for await (const event of auditFrom(bed.redis, `${bed.prefix}:audit`))
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
          most_stalls_of_a_neighbour: Math.max(0, ...innocentStalls.map(([, stalls]) => stalls)),
        },
      };
    }),
};

/** Keeps so many workers running: one that dies is started again, as systemd or Kubernetes would. */
function supervise(bed: Bed, deletesLocks: boolean) {
  const end = new AbortController();
  let crashes = 0;
  const place = async () => {
    while (!end.signal.aborted) {
      const worker: Service = await bed.worker({}, stubWorker);
      await Promise.race([worker.exited, over.promise]);
      if (end.signal.aborted) return;
      crashes += 1;
      if (deletesLocks) await deleteLocks(bed, `stub-${worker.pid}`);
    }
  };
  const over = Promise.withResolvers<void>();
  const places = Promise.all(Array.from({ length: workers }, place));
  return {
    stop: async () => {
      end.abort();
      over.resolve();
      await places;
      return crashes;
    },
  };
}

/** Hastens the recovery: the locks of a dead worker's jobs would run out within 30 s. */
export async function deleteLocks({ redis, keys }: Bed, workerName: string): Promise<void> {
  for (const type of ['chat', 'analysis'] as const)
    for (const id of await redis.lrange(keys.active(type), 0, -1))
      if ((await redis.hget(keys.job(type, id), 'pb')) === workerName)
        await redis.del(keys.lock(type, id));
}
