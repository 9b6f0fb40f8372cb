/**
 * The worker that a good engineer writes in an afternoon: a BullMQ Worker, the openai client with its defaults, and an
 * audit entry that `worker.on('completed')` writes. It contains no part of promptq.
 */
import { Worker } from 'bullmq';
import { Redis } from 'ioredis';
import OpenAI from 'openai';
import { queueName, type Job, type Result } from './job.ts';

const { CONCURRENCY = '50', REDIS_URL = 'redis://127.0.0.1:6379' } = process.env;

// The client reads OPENAI_API_KEY and OPENAI_BASE_URL. It keeps its default fetch and its two retries.
const openai = new OpenAI();
const redis = new Redis(REDIS_URL, { maxRetriesPerRequest: null });

const worker = new Worker<Job, Result>(
  queueName,
  async (job) => {
    const { message, model, temperature, max_tokens } = job.data.input;
    const completion = await openai.chat.completions.create({
      model,
      messages: [{ role: 'user', content: message }],
      temperature,
      max_tokens,
    });
    const [choice] = completion.choices;
    if (!choice) throw new Error('the answer has no choices');
    return {
      response: choice.message.content ?? '',
      finish_reason: choice.finish_reason,
      model: completion.model,
      usage: {
        input_tokens: completion.usage?.prompt_tokens ?? 0,
        output_tokens: completion.usage?.completion_tokens ?? 0,
        total_tokens: completion.usage?.total_tokens ?? 0,
      },
    };
  },
  { connection: redis, concurrency: Number(CONCURRENCY) },
);

worker.on('completed', (job, result) => {
  audit({
    type: 'job.completed',
    timestamp: new Date().toISOString(),
    job_id: job.id,
    user_id: job.data.user_id,
    model: result.model,
    attempts: job.attemptsMade,
    latency_ms: (job.finishedOn ?? 0) - (job.processedOn ?? 0),
    usage: result.usage,
    message: job.data.input.message.slice(0, 100),
    reply: result.response.slice(0, 100),
  });
});
worker.on('failed', (job, error) => {
  audit({
    type: 'job.failed',
    timestamp: new Date().toISOString(),
    job_id: job?.id,
    user_id: job?.data.user_id,
    attempts: job?.attemptsMade,
    error: error.message,
  });
});
worker.on('error', (error) => console.error(error));

function audit(event: object): void {
  redis.xadd('audit', '*', 'event', JSON.stringify(event)).catch(console.error);
}

process.once('SIGTERM', () => {
  void worker.close().then(() => redis.quit());
});
