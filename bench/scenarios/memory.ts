import { Queue, Worker } from 'bullmq';
import { drainQueue } from '../harness/drain-queue.ts';
import { redisDataBytes } from '../harness/redis-figures.ts';
import { auditBytes, countQueueEvents } from '../harness/redis-keys.ts';
import { alternate, median } from '../harness/rounds.ts';
import { startStack, type Stack } from '../harness/stack.ts';
import { promptq } from '../harness/subject.ts';
import { message } from '../harness/submit.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { atMost, toRow, type Target } from '../report/row.ts';
import type { Scenario, ScenarioContext } from './scenario.ts';

/** Bytes in Redis per job. */
interface Bytes {
  queued: number;
  completed: number;
  audit: number;
}

/** What a job of promptq returns for the upstream's answer. The bare worker returns the same. */
const returnValue = {
  output: {
    response: 'Hello! How can I help you today?',
    finish_reason: 'stop',
    model: 'gpt-4o-mini',
  },
  usage: { input_tokens: 120, output_tokens: 9, total_tokens: 129 },
};

/** How much memory a job takes in Redis, compared with BullMQ alone with its default options. */
export const memory: Scenario = {
  names: ['memory'],
  seconds: 35,
  measure: async (context) => {
    const stack = await startStack(context.environment, promptq());
    const bare = startBare(context);
    try {
      await measurePromptq(context, stack);
      await bare.measure();
      const results = await alternate(
        { promptq: () => measurePromptq(context, stack), bare: () => bare.measure() },
        context,
      );
      const audit = Math.round(median(results.promptq.map((bytes) => bytes.audit)));
      const row = (name: 'queued' | 'completed', target: Target, note: string) =>
        toRow({
          name: `memory-${name}`,
          unit: 'B/job',
          ours: results.promptq.map((bytes) => bytes[name]),
          diy: results.bare.map((bytes) => bytes[name]),
          against: 'bare BullMQ',
          target,
          note,
        });
      return [
        row(
          'queued',
          atMost(1.15),
          'bare: queue.add without options, 500 B of data, the same return value',
        ),
        row(
          'completed',
          atMost(1.1),
          `without the audit event, which takes another ${audit} B and which bare BullMQ does not have`,
        ),
      ];
    } finally {
      await bare.close();
    }
  },
};

async function measurePromptq(
  { environment, sizes }: ScenarioContext,
  stack: Stack,
): Promise<Bytes> {
  const { redis } = environment;
  const { keys } = stack.subject;
  const jobs = sizes.memoryJobs;
  const before = await redisDataBytes(redis);
  let [queued, completed, audit] = [0, 0, 0];
  await drainQueue(stack, jobs, {
    whenQueued: async () => {
      queued = (await redisDataBytes(redis)) - before;
    },
    whenFinished: async () => {
      await waitUntil('the event stream of BullMQ is trimmed', async () => {
        return (await countQueueEvents(redis, keys)) < 100;
      });
      audit = await auditBytes(redis, keys);
      completed = (await redisDataBytes(redis)) - before - audit;
    },
  });
  return { queued: queued / jobs, completed: completed / jobs, audit: audit / jobs };
}

/** BullMQ alone. It runs in this process, because only Redis is measured. */
function startBare({ environment, sizes }: ScenarioContext) {
  const { redis } = environment;
  const queue = new Queue('bare', { connection: redis });
  const worker = new Worker('bare', async () => returnValue, {
    connection: { url: environment.redisUrl },
    concurrency: 50,
  });
  const jobs = sizes.memoryJobs;
  const measure = async (): Promise<Bytes> => {
    await queue.pause();
    const before = await redisDataBytes(redis);
    for (let added = 0; added < jobs; added += 100) {
      await Promise.all(Array.from({ length: 100 }, () => queue.add('chat', { message })));
    }
    const queued = (await redisDataBytes(redis)) - before;
    await queue.resume();
    await waitUntil(
      'the bare jobs are completed',
      async () => (await queue.getCompletedCount()) === jobs,
    );
    const completed = (await redisDataBytes(redis)) - before;
    await queue.obliterate({ force: true });
    return { queued: queued / jobs, completed: completed / jobs, audit: 0 };
  };
  return {
    measure,
    close: async () => {
      await worker.close();
      await queue.close();
    },
  };
}
