import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { startOwnRedis } from './environment/redis.ts';
import type { Row, RowContext } from './row.ts';
import { startWorker, type Service } from '#support/processes.ts';
import { startTcpProxy } from '#support/tcp-proxy.ts';
import { startUpstream } from '#support/upstream.ts';
import { each, eventually, maxWaitSeconds, round, sleep } from './wait.ts';
import { plainQueue, type PlainData } from './workers/plain-queue.ts';

const file = 'tests/faults/workers/plain-worker.ts';
const workers = 4;

/** A queue and workers as one writes them by hand, behind a TCP proxy. */
async function createPlainEnvironment({ random }: RowContext) {
  const server = await startOwnRedis();
  const proxy = await startTcpProxy({ host: '127.0.0.1', port: server.port });
  const redis = new Redis(server.url, { maxRetriesPerRequest: null });
  const upstream = await startUpstream(async () => {
    await sleep(random.between(200, 500));
    return 'done';
  });
  const env = {
    REDIS_URL: `redis://127.0.0.1:${proxy.port}`,
    OPENAI_BASE_URL: upstream.baseUrl,
  };
  const queue = new Queue<PlainData>(plainQueue, { connection: { url: server.url } });
  queue.on('error', () => undefined);
  const pool: Service[] = [];
  const hire = () => startWorker(env, file);
  for (let n = 0; n < workers; n += 1) pool.push(await hire());
  return {
    proxy,
    redis,
    queue,
    pool,
    hire,
    upstream,
    open: async () => {
      const counts = await queue.getJobCounts('wait', 'active', 'delayed', 'prioritized');
      return Object.values(counts).reduce((all, count) => all + count, 0);
    },
    close: async () => {
      await Promise.all(pool.map((worker) => worker.kill('SIGKILL')));
      await queue.close();
      redis.disconnect();
      await proxy.close();
      await upstream.close();
      await server.remove();
    },
  };
}

/** Row 1 for plain BullMQ: the same kills of the same load. */
export const plainWorkerKills: Row = {
  number: 1,
  name: 'plain BullMQ: a worker killed each second',
  run: async (context) => {
    const { random } = context;
    const environment = await createPlainEnvironment(context);
    try {
      const jobs = 5_000;
      const kills = 20;
      const adding = each(
        jobs,
        20,
        async (n) => void (await environment.queue.add('chat', { message: `job ${n}` })),
      );
      await sleep(1_000);
      const startedAt = performance.now();
      for (let kill = 0; kill < kills; kill += 1) {
        await sleep(Math.max(0, startedAt + kill * 1_000 - performance.now()));
        const index = random.between(0, workers - 1);
        await (environment.pool[index] as Service).kill('SIGKILL');
        environment.pool[index] = await environment.hire();
      }
      await adding;
      const seconds = await eventually(async () => (await environment.open()) === 0, 500);
      await sleep(2_000);
      const { completed = 0, failed = 0 } = await environment.queue.getJobCounts(
        'completed',
        'failed',
      );
      const events = await environment.redis.xrange(`${plainQueue}:audit`, '-', '+');
      const recorded = new Set(events.map(([, fields]) => fields[1]));
      const repeated =
        environment.upstream.calls.length -
        new Set(environment.upstream.calls.map(({ key }) => key)).size;
      const missing = completed + failed - recorded.size;
      return {
        violations: [
          ...(seconds === null ? [`not all jobs ended in ${maxWaitSeconds} s`] : []),
          ...(failed > 0 ? [`${failed} innocent failures`] : []),
          ...(missing > 0 ? [`${missing} completion records are missing`] : []),
        ],
        figures: {
          jobs,
          kills,
          completed,
          innocent_failures: failed,
          missing_records: missing,
          repeated_calls: repeated,
        },
      };
    } finally {
      await environment.close();
    }
  },
};

/** Row 5 for plain BullMQ: Redis is cut off from idle workers, for a minute. */
export const plainRedisCutOff: Row = {
  number: 5,
  name: 'plain BullMQ: Redis cut off for 60 s',
  run: async (context) => {
    const results = await Promise.all(
      (['down', 'swallow'] as const).map(async (way) => {
        const environment = await createPlainEnvironment(context);
        try {
          await environment.queue.add('chat', { message: 'before' });
          await eventually(async () => (await environment.open()) === 0);
          await environment.proxy[way]();
          await sleep(60_000);
          // The submitter is not cut off: these figures are about the workers.
          await each(
            200,
            10,
            async (n) => void (await environment.queue.add('chat', { message: `job ${n}` })),
          );
          await environment.proxy.up();
          const first = await eventually(
            async () => (await environment.queue.getCompletedCount()) > 1,
          );
          const all = await eventually(async () => (await environment.open()) === 0);
          return [
            [`${way}_first_job_seconds`, first ?? -1],
            [`${way}_all_jobs_seconds`, all === null ? -1 : round((first ?? 0) + all)],
          ] as const;
        } finally {
          await environment.close();
        }
      }),
    );
    const figures = Object.fromEntries(results.flat());
    const hasResumed = Object.values(figures).every((seconds) => seconds >= 0);
    return { figures, violations: hasResumed ? [] : ['the workers did not resume'] };
  },
};
