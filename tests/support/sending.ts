import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import type { Queue } from 'bullmq';
import { inject } from 'vitest';
import { defaultTenant, type PublicDelivery } from '@promptq/shared/contracts';
import { newJobId } from '@promptq/shared/jobs';
import { createLogger } from '@promptq/shared/logging';
import {
  deliveryIdOf,
  newWebhookSecret,
  signingSecrets,
  targetGuard,
  webhookAllowedHosts,
  webhookSecrets,
  type DeliveryData,
} from '@promptq/shared/webhooks';
import { openDeliveries } from '#packages/store/src/deliveries/open-queue.ts';
import {
  consumeDeliveries,
  type DeliveryConsumer,
} from '#packages/worker/src/bullmq-worker/consume-deliveries.ts';
import { blockedEvent } from '#packages/worker/src/webhooks/blocked-event.ts';
import { testKeys, type TestKeys } from './keys.ts';
import { openRawStore, type RawStore } from './raw-store.ts';
import { removeKeys } from './stack.ts';
import { until } from './until.ts';

type Deps = Parameters<typeof consumeDeliveries>[0];

export interface Sending {
  redis: Redis;
  keys: TestKeys;
  store: RawStore;
  secret: string;
  /** For a process that sends these deliveries. */
  environment: Record<string, string>;
  queue: Queue<DeliveryData>;
  /** What was logged at `info` or above. */
  logged: string[];
  /** Sends from this process. */
  start(
    allowed: string,
    more?: Partial<Pick<Deps, 'guard' | 'random' | 'transport'>>,
  ): DeliveryConsumer;
  /** Queues a webhook to each URL and gives the ids of the deliveries. */
  queueAll(urls: string[]): Promise<string[]>;
  read(id: string): Promise<PublicDelivery>;
  /** The delivery, when it has had so many tries or more and the last one is dealt with. */
  tried(id: string, tries?: number): Promise<PublicDelivery>;
  /** The job ids of the audit events about blocked webhooks. */
  blocked(): Promise<string[]>;
  close(): Promise<void>;
}

/** Deliveries on keys of their own, without the API and without jobs. */
export function openSending(): Sending {
  const prefix = `{test-${randomBytes(6).toString('hex')}}`;
  const keys = testKeys(prefix);
  const redis = new Redis(inject('redisUrl'), { maxRetriesPerRequest: null });
  const queue = openDeliveries({ redis, prefix });
  const secret = newWebhookSecret();
  const logged: string[] = [];
  const log = createLogger(
    { service: 'worker', level: 'info' },
    { write: (line: string) => void logged.push(line) },
  );
  const store = openRawStore({ url: inject('redisUrl'), prefix, log });
  const consumers: DeliveryConsumer[] = [];
  const read = async (id: string) => {
    const delivery = await store.deliveries.find(id, defaultTenant);
    if (!delivery) throw new Error(`delivery ${id} does not exist`);
    return delivery;
  };
  return {
    redis,
    keys,
    store,
    secret,
    environment: {
      REDIS_URL: inject('redisUrl'),
      REDIS_PREFIX: prefix,
      WEBHOOK_SECRET: secret,
      // The settings of a worker want an upstream; nothing is asked of it here.
      OPENAI_BASE_URL: 'http://127.0.0.1:1/v1',
    },
    queue,
    logged,
    start: (allowed, more = {}) => {
      const consumer = consumeDeliveries({
        store,
        settings: {
          RESULT_TTL_SECONDS: 86_400,
          DELIVERY_TTL_SECONDS: 604_800,
          WEBHOOK_CONCURRENCY: 100,
          WEBHOOK_HOST_CONCURRENCY: 10,
        },
        log,
        secrets: signingSecrets({
          WEBHOOK_SECRET: webhookSecrets.parse(secret),
          WEBHOOK_SECRETS_OF_TENANTS: new Map(),
        }),
        guard: targetGuard(webhookAllowedHosts.parse(allowed)),
        auditBlocked: (delivery) => store.audit.appendOnce(blockedEvent(delivery, 'test')),
        workerName: 'test',
        ...more,
      });
      consumers.push(consumer);
      return consumer;
    },
    queueAll: async (urls) => {
      const deliveries = urls.map((url) => {
        const jobId = newJobId('chat', 1);
        const eventId = `evt_${jobId}`;
        const body = JSON.stringify({ id: eventId, data: { text: 'grüß dich', secret_text: 1 } });
        const event = { event_id: eventId, event_type: 'job.completed', body };
        return { url, job_id: jobId, tenant: defaultTenant, own_secret: false, ...event };
      });
      await queue.addBulk(
        deliveries.map((data) => ({
          name: data.event_type,
          data,
          opts: { jobId: deliveryIdOf(data.job_id), attempts: 10, backoff: { type: 'webhook' } },
        })),
      );
      return deliveries.map(({ job_id }) => deliveryIdOf(job_id));
    },
    read,
    tried: (id, tries = 1) =>
      until(`${id} has had ${tries} tries`, async () => {
        const delivery = await read(id);
        const isRecorded = delivery.next_try_at !== null || delivery.finished_at !== null;
        return delivery.tries.length >= tries && isRecorded && delivery;
      }),
    blocked: async () =>
      (await redis.xrange(keys.audit, '-', '+'))
        .map(([, fields]) => JSON.parse(fields[fields.indexOf('event') + 1] as string))
        .filter(({ type }) => type === 'webhook.blocked')
        .map(({ job_id }) => job_id),
    close: async () => {
      await Promise.all(consumers.map((consumer) => consumer.close(Date.now())));
      await queue.close();
      await store.close();
      await removeKeys(redis, prefix);
      redis.disconnect();
    },
  };
}
