import { afterEach, beforeEach, expect, test } from 'vitest';
import type { PublicDelivery } from '@promptq/shared/contracts';
import { newWebhookSecret } from '@promptq/shared/webhooks';
import { startReceiver, type Receiver } from './support/receiver.ts';
import { startStack, type Stack } from './support/stack.ts';
import { until } from './support/until.ts';

const secret = newWebhookSecret();

let stack: Stack;
let receiver: Receiver;
beforeEach(async () => {
  receiver = await startReceiver(secret);
  stack = await startStack({ WEBHOOK_SECRET: secret, WEBHOOK_ALLOWED_HOSTS: '127.0.0.1' });
});
afterEach(async () => {
  await stack.close();
  await receiver.close();
});

test('what is given up again does not come round in the same replay', async () => {
  receiver.answerWith(() => 410);
  await stack.worker();
  const { id, created_at: since } = await stack.submit({
    type: 'chat',
    input: { message: 'hi' },
    webhook: { url: receiver.url },
  });
  const givenUpAfter = (tries: number) =>
    until(`it is given up after ${tries}`, async () => {
      const { data } = (await (await stack.request(`/v1/jobs/${id}/deliveries`)).json()) as {
        data: PublicDelivery[];
      };
      return data[0]?.status === 'dead' && data[0].tries.length === tries;
    });
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
