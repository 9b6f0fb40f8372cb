import { newWebhookSecret } from '@promptq/shared/webhooks';
import { startReceiver } from '#support/receiver.ts';
import type { Service } from '#support/processes.ts';
import { chat, onBed } from '../bed/bed.ts';
import { settleAndCheck } from '../bed/invariants.ts';
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
    const environment = {
      WORKER_CONCURRENCY: '20',
      WEBHOOK_SECRET: secret,
      WEBHOOK_ALLOWED_HOSTS: '127.0.0.1',
    };
    try {
      return await onBed({ environment }, async (bed) => {
        bed.upstream.answerWith(() => 'done');
        const pool = await Promise.all(Array.from({ length: workers }, () => bed.worker()));
        const webhook = { url: receiver.url, include_output: true };
        const submitting = each(
          jobs,
          20,
          async (n) => void (await bed.submit(chat(n, '', { webhook }))),
        );
        const atKills: number[] = [];
        for (let kill = 0; kill < kills; kill += 1) {
          await eventually(() => receiver.received.length >= (kill + 0.5) * (jobs / (kills + 1)));
          const place = random.between(0, workers - 1);
          await (pool[place] as Service).kill('SIGKILL');
          atKills.push(receiver.received.length);
          pool[place] = await bed.worker();
        }
        await submitting;
        const verdict = await settleAndCheck(bed);
        const ids = () => new Set(receiver.received.map(({ id }) => id)).size;
        await eventually(() => ids() >= jobs);
        const delivered = () => bed.redis.zcard(`${bed.prefix}:webhooks:completed`);
        const settled = await eventually(async () => (await delivered()) === jobs);
        await sleep(1_000);
        const violations = [...verdict.violations];
        const toldJobs = new Set(receiver.received.map(({ event }) => event.data['id']));
        const untold = [...bed.accepted].filter((id) => !toldJobs.has(id));
        if (untold.length > 0) violations.push(`${untold.length} jobs were never told of`);
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
            told_again: receiver.received.length - ids(),
          },
        };
      });
    } finally {
      await receiver.close();
    }
  },
};
