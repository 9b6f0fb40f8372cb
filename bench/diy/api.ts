/** The API that a good engineer writes in an afternoon: Express, zod and `queue.add`. It contains no part of promptq. */
import { Queue } from 'bullmq';
import express from 'express';
import { z } from 'zod';
import { jobSchema, queueName, type Job, type Result } from './job.ts';

const { PORT = '3000', REDIS_URL = 'redis://127.0.0.1:6379' } = process.env;
const daySeconds = 24 * 60 * 60;

const queue = new Queue<Job, Result>(queueName, {
  connection: { url: REDIS_URL },
  defaultJobOptions: {
    attempts: 3,
    backoff: { type: 'exponential', delay: 1_000 },
    removeOnComplete: { age: daySeconds },
    removeOnFail: { age: daySeconds },
  },
});

const app = express();
app.use(express.json());

app.get('/health', (_req, res) => {
  res.json({ status: 'ok' });
});

app.post('/jobs', async (req, res) => {
  const parsed = jobSchema.safeParse(req.body);
  if (!parsed.success) {
    res.status(400).json({ error: z.flattenError(parsed.error) });
    return;
  }
  const job = await queue.add('chat', parsed.data);
  res.status(202).json({ id: job.id, status: 'queued' });
});

app.get('/jobs/:id', async (req, res) => {
  const job = await queue.getJob(req.params.id);
  if (!job) {
    res.status(404).json({ error: 'job not found' });
    return;
  }
  const status = await job.getState();
  res.json({ id: job.id, status, result: job.returnvalue, error: job.failedReason ?? null });
});

const server = app.listen(Number(PORT), '127.0.0.1');
process.once('SIGTERM', () => {
  server.close();
  void queue.close();
});
