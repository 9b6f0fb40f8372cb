import { chat, withEnvironment, type Environment } from '../environment/environment.ts';
import { endedServices, recordFaults } from '../environment/invariants.ts';
import { readAll } from '../environment/reader.ts';
import type { Row } from '../row.ts';
import { eventually, sleep } from '../wait.ts';

const requests = 200;
const removals = 10;

interface Batch {
  id: string;
  finished_at: string | null;
  request_counts: Record<'total' | 'queued' | 'in_progress' | 'completed' | 'failed', number>;
}

/**
 * Row 18: somebody removes jobs by hand, waiting ones and running ones, while their batch and other jobs of the tenant run.
 * The batch ends with them as failed, the slots of the others are freed, and each removal is audited once.
 */
export const removedJobs: Row = {
  number: 18,
  name: 'jobs removed by hand while their batch runs',
  run: ({ random }) =>
    withEnvironment(
      { env: { WORKER_CONCURRENCY: '5', MAX_WAITING_JOBS_PER_TENANT: '1000' } },
      async (environment) => {
        environment.upstream.answerWith(async () => {
          await sleep(random.between(100, 300));
          return 'done';
        });
        for (let n = 0; n < 2; n += 1) await environment.worker();
        const violations: string[] = [];
        const created = await environment.request('/v1/batches', 'POST', {
          requests: Array.from({ length: requests }, (_, n) => ({
            custom_id: `r-${n}`,
            ...chat(n),
          })),
        });
        const { id } = created.body as Batch;
        const fetchBatch = async () =>
          (await environment.request(`/v1/batches/${id}`)).body as Batch;
        await eventually(async () => (await fetchBatch()).request_counts.completed > 10);
        const removed = await removeSome(environment, random.between(0, 20));
        const single = await environment.submit(chat(0, '', { delay_seconds: 86_400 }));
        if (single.id !== null) {
          environment.accepted.delete(single.id);
          await environment.redis.zrem(environment.keys.delayed('chat'), single.id);
          await environment.redis.del(environment.keys.job('chat', single.id));
          removed.add(single.id);
        }
        const seconds = await eventually(async () => (await fetchBatch()).finished_at !== null);
        if (seconds === null) violations.push('the batch did not end');
        const slots = () => environment.redis.scard(environment.keys.openJobs('default'));
        if ((await eventually(async () => (await slots()) === 0)) === null)
          violations.push('a slot was not freed');
        await sleep(1_500);
        const { request_counts: counts } = await fetchBatch();
        if (counts.completed !== requests - removals || counts.failed !== removals)
          violations.push(`the batch counts ${JSON.stringify(counts)}`);
        const reading = await readAll(environment.redis, environment.prefix);
        for (const jobId of removed) {
          const events = reading.audit.get(jobId) ?? [];
          if (events.join() !== 'job.removed') violations.push(`${jobId} has ${events.join()}`);
          reading.audit.delete(jobId);
        }
        violations.push(
          ...recordFaults(environment.accepted, reading),
          ...(await endedServices(environment)),
        );
        return {
          violations: violations.slice(0, 8),
          figures: { requests, removed: removed.size, batch_ended_after_seconds: seconds ?? -1 },
        };
      },
    ),
};

/** Removes waiting jobs, and two that run: their workers find that they have lost them. */
async function removeSome({ redis, keys }: Environment, from: number): Promise<Set<string>> {
  const running = await redis.lrange(keys.active('chat'), 0, 1);
  const waiting = await redis.zrange(
    keys.prioritized('chat'),
    String(50 + from),
    String(50 + from + removals - running.length - 1),
  );
  for (const id of [...running, ...waiting]) {
    await redis.lrem(keys.active('chat'), 0, id);
    await redis.zrem(keys.prioritized('chat'), id);
    await redis.del(keys.job('chat', id), keys.lock('chat', id));
  }
  return new Set([...running, ...waiting]);
}
