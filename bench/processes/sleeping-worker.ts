/** The control of the row `in-flight`: what BullMQ alone allows. A worker whose jobs only sleep. No part of promptq. */
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'bullmq';

const { CONCURRENCY = '50', REDIS_URL = 'redis://127.0.0.1:6379', SLEEP_MS = '1000' } = process.env;

const worker = new Worker('control', () => delay(Number(SLEEP_MS), 'slept'), {
  connection: { url: REDIS_URL },
  concurrency: Number(CONCURRENCY),
});
worker.on('error', (error) => console.error(error));
