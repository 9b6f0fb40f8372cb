import type { Webhook } from '@promptq/shared/contracts';
import type { SigningSecrets, TargetGuard } from '@promptq/shared/webhooks';
import { Problem, type Fault } from '../problems/problem.ts';

/** The rules that decide whether a webhook is accepted. */
export interface WebhookPolicy {
  /** A webhook that cannot be signed is rejected at submission. */
  secrets: SigningSecrets;
  guard: TargetGuard;
}

interface WebhookFault extends Fault {
  code: 'invalid_request' | 'webhook_forbidden';
}

/**
 * Checks whether a webhook can be delivered. The fault is an invalid URL or a missing secret (`invalid_request`), or a
 * receiver that is not allowed (`webhook_forbidden`); `null`: no fault. The worker checks the address again at every
 * connection, because names can change.
 */
export async function webhookFault(
  { secrets, guard }: WebhookPolicy,
  { url }: Pick<Webhook, 'url'>,
  tenant: string,
): Promise<WebhookFault | null> {
  if (!secrets.of({ tenant, own_secret: false })) {
    const detail =
      'Webhooks are disabled. To enable them, the operator must set WEBHOOK_SECRET (pnpm keygen webhook).';
    return { code: 'invalid_request', pointer: '/webhook', detail };
  }
  const fault = guard.check(url) ?? (await guard.resolve(url));
  if (!fault) return null;
  const code = fault.kind === 'forbidden' ? 'webhook_forbidden' : 'invalid_request';
  return { code, pointer: '/webhook/url', detail: fault.detail };
}

/** Rejects an undeliverable webhook before its job is accepted. @throws {Problem} */
export async function checkWebhook(
  policy: WebhookPolicy,
  webhook: Pick<Webhook, 'url'>,
  tenant: string,
): Promise<void> {
  const fault = await webhookFault(policy, webhook, tenant);
  if (!fault) return;
  const { code, pointer, detail } = fault;
  throw new Problem(code, `${pointer}: ${detail}`, { faults: [{ pointer, detail }] });
}
