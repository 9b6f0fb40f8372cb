/** A BullMQ worker whose jobs only sleep: the most that the scenario `in-flight` could reach. It contains no part of promptq. */
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'bullmq';

const {
  CONCURRENCY = '50',
  QUEUE = 'bare',
  REDIS_URL = 'redis://127.0.0.1:6379',
  SLEEP_MS = '1000',
} = process.env;

const worker = new Worker(QUEUE, () => delay(Number(SLEEP_MS), 'slept'), {
  connection: { url: REDIS_URL },
  concurrency: Number(CONCURRENCY),
});
worker.on('error', (error) => console.error(error));
