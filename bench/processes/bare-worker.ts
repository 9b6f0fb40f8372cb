/**
 * A BullMQ worker that does nothing but the upstream call, over a pool of undici as in promptq's worker, and returns the same
 * output. It has no audit, webhooks, logs or metrics and contains no part of promptq.
 */
import { Worker } from 'bullmq';
import { Pool } from 'undici';

const {
  CONCURRENCY = '50',
  OPENAI_API_KEY = '',
  OPENAI_BASE_URL = 'http://127.0.0.1:4010/v1',
  QUEUE = 'bare',
  REDIS_URL = 'redis://127.0.0.1:6379',
} = process.env;
const daySeconds = 24 * 60 * 60;

interface Completion {
  model: string;
  choices: { message: { content: string }; finish_reason: string }[];
  usage: { prompt_tokens: number; completion_tokens: number; total_tokens: number };
}

const { origin, pathname } = new URL(OPENAI_BASE_URL);
const pool = new Pool(origin, { connections: Number(CONCURRENCY) });
const headers = {
  accept: 'application/json',
  'accept-encoding': 'identity',
  'content-type': 'application/json',
  authorization: `Bearer ${OPENAI_API_KEY}`,
};

const worker = new Worker<{ message: string }>(
  QUEUE,
  async (job) => {
    const messages = [{ role: 'user', content: job.data.message }];
    const { statusCode, body } = await pool.request({
      method: 'POST',
      path: `${pathname}/chat/completions`,
      headers,
      body: JSON.stringify({ model: 'gpt-4o-mini', messages, temperature: 0 }),
    });
    if (statusCode !== 200) throw new Error(`the upstream answered ${statusCode}`);
    const { model, choices, usage } = (await body.json()) as Completion;
    const [choice] = choices;
    if (!choice) throw new Error('the answer has no choices');
    return {
      output: { response: choice.message.content, finish_reason: choice.finish_reason, model },
      usage: {
        input_tokens: usage.prompt_tokens,
        output_tokens: usage.completion_tokens,
        total_tokens: usage.total_tokens,
      },
    };
  },
  {
    connection: { url: REDIS_URL },
    concurrency: Number(CONCURRENCY),
    removeOnComplete: { age: daySeconds },
  },
);
worker.on('error', (error) => console.error(error));
