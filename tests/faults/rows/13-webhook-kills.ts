import { newWebhookSecret } from '@promptq/shared/webhooks';
import { startReceiver } from '#support/receiver.ts';
import type { Service } from '#support/processes.ts';
import { chat, withEnvironment } from '../environment/environment.ts';
import { settleAndCheck } from '../environment/invariants.ts';
import type { Row } from '../row.ts';
import { each, eventually, sleep } from '../wait.ts';

const workers = 3;
const jobs = 1_000;
const kills = 5;

/** Row 13: workers killed while they send webhooks: each event arrives, and none under two names. */
export const webhookKills: Row = {
  number: 13,
  name: 'webhooks while workers are killed',
  run: async ({ random }) => {
    const secret = newWebhookSecret();
    const receiver = await startReceiver(secret);
    receiver.answerWith((_, res) => {
      setTimeout(() => res.writeHead(204).end(), random.between(20, 200));
      return undefined;
    });
    const env = {
      WORKER_CONCURRENCY: '20',
      WEBHOOK_SECRET: secret,
      WEBHOOK_ALLOWED_HOSTS: '127.0.0.1',
    };
    try {
      return await withEnvironment({ env }, async (environment) => {
        environment.upstream.answerWith(() => 'done');
        const pool = await Promise.all(Array.from({ length: workers }, () => environment.worker()));
        const webhook = { url: receiver.url, include_output: true };
        const submitting = each(
          jobs,
          20,
          async (n) => void (await environment.submit(chat(n, '', { webhook }))),
        );
        const atKills: number[] = [];
        for (let kill = 0; kill < kills; kill += 1) {
          await eventually(() => receiver.received.length >= (kill + 0.5) * (jobs / (kills + 1)));
          const index = random.between(0, workers - 1);
          await (pool[index] as Service).kill('SIGKILL');
          atKills.push(receiver.received.length);
          pool[index] = await environment.worker();
        }
        await submitting;
        const verdict = await settleAndCheck(environment);
        const ids = () => new Set(receiver.received.map(({ id }) => id)).size;
        await eventually(() => ids() >= jobs);
        const delivered = () => environment.redis.zcard(`${environment.prefix}:webhooks:completed`);
        const settled = await eventually(async () => (await delivered()) === jobs);
        await sleep(1_000);
        const violations = [...verdict.violations];
        const notifiedJobs = new Set(receiver.received.map(({ event }) => event.data['id']));
        const missing = [...environment.accepted].filter((id) => !notifiedJobs.has(id));
        if (missing.length > 0) violations.push(`${missing.length} jobs without a webhook`);
        if (ids() !== jobs) violations.push(`${ids()} distinct webhook-ids for ${jobs} jobs`);
        if (settled === null) violations.push(`${await delivered()} deliveries are done`);
        return {
          violations,
          figures: {
            ...verdict.figures,
            kills,
            received_at_kills: atKills.join(' '),
            received: receiver.received.length,
            distinct_webhook_ids: ids(),
            duplicate_deliveries: receiver.received.length - ids(),
          },
        };
      });
    } finally {
      await receiver.close();
    }
  },
};
