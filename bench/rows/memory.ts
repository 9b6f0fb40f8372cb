import { Queue, Worker } from 'bullmq';
import type { Experiment, ExperimentContext } from '../experiment.ts';
import { redisDataBytes } from '../harness/redis-figures.ts';
import { inTurns, median } from '../harness/rounds.ts';
import { runPaused } from '../harness/run-paused.ts';
import { ours } from '../harness/side.ts';
import { startStack, type Stack } from '../harness/stack.ts';
import { message } from '../harness/submit.ts';
import { until } from '../harness/until.ts';
import { atMost, toRow } from '../report/row.ts';

/** Bytes in Redis for one job. */
interface Bytes {
  queued: number;
  completed: number;
  audit: number;
}

/** What a job of ours returns for the answer of the upstream; the bare worker returns the same. */
const result = {
  output: {
    response: 'Hello! How can I help you today?',
    finish_reason: 'stop',
    model: 'gpt-4o-mini',
  },
  usage: { input_tokens: 120, output_tokens: 9, total_tokens: 129 },
};
const noted = 'bare: queue.add with no options, 500 B of data, the same return value';

/** How much room a job takes in Redis, beside BullMQ alone with plain options. */
export const memory: Experiment = {
  names: ['memory'],
  seconds: 35,
  run: async (context) => {
    const stack = await startStack(context.bed, ours());
    const bare = startBare(context);
    try {
      await oursRound(context, stack);
      await bare.round();
      const figures = await inTurns(
        { ours: () => oursRound(context, stack), bare: () => bare.round() },
        context,
      );
      const audit = Math.round(median(figures.ours.map((bytes) => bytes.audit)));
      const row = (name: 'queued' | 'completed', note: string) =>
        toRow({
          name: `memory-${name}`,
          unit: 'B/job',
          ours: figures.ours.map((bytes) => bytes[name]),
          diy: figures.bare.map((bytes) => bytes[name]),
          against: 'bare BullMQ',
          target: atMost(1.1),
          note,
        });
      return [
        row('queued', noted),
        row('completed', `the audit event, which bare BullMQ has not, is ${audit} B more`),
      ];
    } finally {
      await bare.close();
    }
  },
};

async function oursRound({ bed, sizes }: ExperimentContext, stack: Stack): Promise<Bytes> {
  const { redis } = bed;
  const jobs = sizes.memoryJobs;
  const before = await redisDataBytes(redis);
  let [queued, completed, audit] = [0, 0, 0];
  await runPaused(bed, stack, jobs, {
    queued: async () => {
      queued = (await redisDataBytes(redis)) - before;
    },
    finished: async () => {
      // What is settled is trimmed from the event stream.
      await until('the event stream is trimmed', async () => {
        return (await redis.xlen(`${stack.side.prefix}:chat:events`)) < 100;
      });
      audit = Number(await redis.memory('USAGE', stack.side.auditKey, 'SAMPLES', 0));
      completed = (await redisDataBytes(redis)) - before - audit;
    },
  });
  return { queued: queued / jobs, completed: completed / jobs, audit: audit / jobs };
}

/** BullMQ alone, in this process: only Redis is measured. */
function startBare({ bed, sizes }: ExperimentContext) {
  const { redis } = bed;
  const queue = new Queue('bare', { connection: redis });
  const worker = new Worker('bare', async () => result, {
    connection: { url: bed.redisUrl },
    concurrency: 50,
  });
  const jobs = sizes.memoryJobs;
  const round = async (): Promise<Bytes> => {
    await queue.pause();
    const before = await redisDataBytes(redis);
    for (let added = 0; added < jobs; added += 100) {
      await Promise.all(Array.from({ length: 100 }, () => queue.add('chat', { message })));
    }
    const queued = (await redisDataBytes(redis)) - before;
    await queue.resume();
    await until('the bare jobs are done', async () => (await queue.getCompletedCount()) === jobs);
    const completed = (await redisDataBytes(redis)) - before;
    await queue.obliterate({ force: true });
    return { queued: queued / jobs, completed: completed / jobs, audit: 0 };
  };
  return {
    round,
    close: async () => {
      await worker.close();
      await queue.close();
    },
  };
}
