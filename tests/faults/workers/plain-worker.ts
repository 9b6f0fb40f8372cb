/**
 * What one writes by hand: a BullMQ worker with its defaults, a fetch to the upstream, and the audit entry
 * written in `worker.on('completed')`. No part of promptq.
 */
import { Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { plainQueue, plainUrls, type PlainData } from './plain-queue.ts';

const { redisUrl, upstreamUrl } = plainUrls(process.env);
const redis = new Redis(redisUrl, { maxRetriesPerRequest: null });
redis.on('error', () => undefined);

const worker = new Worker<PlainData, string>(
  plainQueue,
  async (job) => {
    const response = await fetch(`${upstreamUrl}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': String(job.id) },
      body: JSON.stringify({
        model: 'gpt-4o-mini',
        messages: [{ role: 'user', content: job.data.message }],
      }),
    });
    if (!response.ok) throw new Error(`the upstream answered ${response.status}`);
    const { choices } = (await response.json()) as { choices: { message: { content: string } }[] };
    return choices[0]?.message.content ?? '';
  },
  { connection: { url: redisUrl, maxRetriesPerRequest: null }, concurrency: 20 },
);
worker.on('error', () => undefined);
const audit = (job: { id?: string } | undefined, type: string) =>
  redis
    .xadd(`${plainQueue}:audit`, '*', 'job_id', job?.id ?? '', 'type', type)
    .catch(() => undefined);
worker.on('completed', (job) => void audit(job, 'completed'));
worker.on('failed', (job) => void audit(job, 'failed'));
await worker.waitUntilReady();
process.stdout.write('{"level":30,"msg":"ready"}\n');
