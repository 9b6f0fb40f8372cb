import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { SubjectKeys } from './redis-keys.ts';

interface ControlTarget {
  redis: Redis;
  keys: SubjectKeys;
  port: number;
  headers: Record<string, string>;
}

/**
 * Pauses or resumes the queue of chat jobs. Jobs are accepted while it is paused, and none is started.
 * @returns the number of audit events that this wrote
 */
export type ControlQueue = (action: 'pause' | 'resume', target: ControlTarget) => Promise<number>;

/** Through promptq's API, which writes an audit event for each operation on a queue. */
export const controlByApi: ControlQueue = async (action, { port, headers }) => {
  const url = `http://127.0.0.1:${port}/v1/queues/chat/${action}`;
  const response = await fetch(url, { method: 'POST', headers });
  const body = await response.text();
  if (!response.ok) throw new Error(`POST ${url} answered ${response.status}: ${body}`);
  return 1;
};

/** Through BullMQ, for a service without an API for this. */
export const controlByBullmq: ControlQueue = async (action, { redis, keys }) => {
  const queue = new Queue(keys.queueName, {
    connection: redis,
    prefix: keys.prefix,
    skipMetasUpdate: true,
  });
  try {
    await queue[action]();
  } finally {
    await queue.close();
  }
  return 0;
};
