import type { Webhook } from '@promptq/shared/contracts';
import type { TargetGuard } from '@promptq/shared/webhooks';
import { Problem } from '../http/problem.ts';

/** What decides whether a webhook can be taken. */
export interface WebhookPolicy {
  /** Whether webhooks can be signed: one that cannot be is refused, not accepted and never sent. */
  canSign: boolean;
  guard: TargetGuard;
}

/**
 * Refuses a webhook that could never be delivered, before its job is accepted. The address is checked again at
 * every connection, because names can change.
 * @param pointer to the webhook in the body
 * @throws {Problem} `invalid_request` for a URL of the wrong form, or when no secret is set; `webhook_forbidden` for
 * a receiver that may not be called
 */
export async function checkWebhook(
  { canSign, guard }: WebhookPolicy,
  webhook: Webhook,
  pointer = '/webhook',
): Promise<void> {
  if (!canSign) {
    const detail =
      'Webhooks are off: the operator has to set WEBHOOK_SECRET (pnpm keygen webhook).';
    throw refusal('invalid_request', pointer, detail);
  }
  const fault = guard.check(webhook.url) ?? (await guard.resolve(webhook.url));
  if (!fault) return;
  const code = fault.kind === 'forbidden' ? 'webhook_forbidden' : 'invalid_request';
  throw refusal(code, `${pointer}/url`, fault.detail);
}

function refusal(
  code: 'invalid_request' | 'webhook_forbidden',
  pointer: string,
  detail: string,
): Problem {
  return new Problem(code, `${pointer}: ${detail}`, { faults: [{ pointer, detail }] });
}
