import { newWebhookSecret } from '@promptq/shared/webhooks';
import { startReceiver, type Receiver } from './receiver.ts';
import { startStack, type Stack } from './stack.ts';

/** A stack that may send webhooks to a receiver on this machine, which is closed with it. */
export async function startWebhookStack(
  secret = newWebhookSecret(),
): Promise<{ stack: Stack; receiver: Receiver }> {
  const stack = await startStack({ WEBHOOK_SECRET: secret, WEBHOOK_ALLOWED_HOSTS: '127.0.0.1' });
  const receiver = await startReceiver(secret);
  const close = async () => {
    await stack.close();
    await receiver.close();
  };
  return { stack: { ...stack, close }, receiver };
}
