import { afterEach, beforeEach, expect, test } from 'vitest';
import { deliveriesOf, deliveryOf } from '#support/deliveries.ts';
import { startApi } from '#support/processes.ts';
import type { Receiver } from '#support/receiver.ts';
import type { Stack } from '#support/stack.ts';
import { until } from '#support/until.ts';
import { startWebhookStack } from '#support/webhook-stack.ts';

let stack: Stack;
let receiver: Receiver;
beforeEach(async () => {
  ({ stack, receiver } = await startWebhookStack());
});
afterEach(() => stack.close());

test('what is given up again does not come round in the same replay', async () => {
  receiver.answerWith(() => 410);
  await stack.worker();
  const { id, created_at: since } = await stack.submit({
    type: 'chat',
    input: { message: 'hi' },
    webhook: { url: receiver.url },
  });
  const givenUpAfter = (tries: number) => deliveryOf(stack, id, 'dead', tries);
  const replay = async (more: object = {}) => {
    const response = await stack.request('/v1/deliveries/redeliver', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ since, ...more }),
    });
    return (await response.json()) as { redelivered: number; until: string };
  };
  await givenUpAfter(1);
  const first = await replay();
  expect(first.redelivered).toBe(1);
  await givenUpAfter(2);
  expect(await replay({ until: first.until })).toEqual({ ...first, redelivered: 0 });
  expect((await replay()).redelivered).toBe(1);
});

test('one that waits for its next try is tried now, and has all its tries before it again', async () => {
  receiver.answerWith(() => 500);
  await stack.worker();
  const { id } = await stack.submit({
    type: 'chat',
    input: { message: 'hi' },
    webhook: { url: receiver.url },
  });
  const waiting = (tries: number) =>
    until(`it waits after ${tries}`, async () => {
      const [delivery] = await deliveriesOf(stack, id);
      return delivery?.tries.length === tries && delivery.next_try_at !== null && delivery;
    });
  await waiting(1);
  for (let tries = 2; tries <= 4; tries += 1) {
    await stack.request(`/v1/deliveries/dlv_${id}/redeliver`, { method: 'POST' });
    const { next_try_at, tries: all } = await waiting(tries);
    const pauseMs = Date.parse(next_try_at ?? '') - Date.parse(all.at(-1)?.at ?? '');
    // The first pause of the schedule is 5 s, the second at least 5 minutes.
    expect(pauseMs).toBeLessThan(5 * 60_000);
  }
});

test('a job is not run again with a webhook that could not be sent any more', async () => {
  const { id } = await stack.submit({
    type: 'chat',
    input: { message: 'hi' },
    delay_seconds: 3_600,
    webhook: { url: receiver.url },
  });
  const without = await startApi({ ...stack.environment, WEBHOOK_SECRET: '' });
  await stack.request(`/v1/jobs/${id}/cancel`, { method: 'POST' });
  const refused = await fetch(`${without.url}/v1/jobs/${id}/retry`, { method: 'POST' });
  expect(refused.status).toBe(400);
  expect((await stack.request(`/v1/jobs/${id}/retry`, { method: 'POST' })).status).toBe(202);
  await without.kill('SIGTERM');
});

test('an address that is not allowed is not called: final, logged with the delivery and audited once', async () => {
  await stack.worker({ WEBHOOK_ALLOWED_HOSTS: '' });
  const { id } = await stack.submit({
    type: 'chat',
    input: { message: 'hi' },
    webhook: { url: receiver.url },
  });
  const dead = await deliveryOf(stack, id, 'dead');
  expect(dead.tries).toMatchObject([{ status: null, error: 'blocked_address', answer: null }]);
  await stack.request(`/v1/deliveries/${dead.id}/redeliver`, { method: 'POST' });
  const again = await deliveryOf(stack, id, 'dead', 2);
  expect(again.finished_at).not.toBe(dead.finished_at);
  const audit = await stack.request(`/v1/audit?job_id=${id}`);
  expect(await audit.json()).toMatchObject({
    data: [
      { type: 'webhook.blocked', job_id: id, error: { code: 'webhook_blocked' } },
      { type: 'job.completed', job_id: id, error: null },
    ],
    has_more: false,
  });
  expect((await stack.auditEvents()).length).toBe(2);
  expect(receiver.received).toEqual([]);
});
