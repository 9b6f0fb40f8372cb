import type { Logger } from '@promptq/shared/logging';
import {
  tenantSecretName,
  type DeliveryData,
  type SigningSecrets,
  type WebhookSecret,
} from '@promptq/shared/webhooks';

const warnIntervalMs = 60_000;

/** The secrets that sign a delivery, or `null` if this process has none that its receiver would trust. */
export type ResolveSecrets = (
  delivery: Pick<DeliveryData, 'tenant' | 'own_secret'>,
) => WebhookSecret[] | null;

/** Warns at most once a minute about each missing setting, because every waiting delivery asks again. */
export function secretResolver(
  secrets: SigningSecrets,
  log: Logger,
  now: () => number,
): ResolveSecrets {
  const warnedAtMs = new Map<string, number>();
  return (delivery) => {
    const found = secrets.of(delivery);
    if (found) return found;
    const setting = delivery.own_secret ? tenantSecretName(delivery.tenant) : 'WEBHOOK_SECRET';
    if (now() - (warnedAtMs.get(setting) ?? -Infinity) >= warnIntervalMs) {
      warnedAtMs.set(setting, now());
      log.warn(
        { setting },
        'webhooks wait for a worker that can sign them: the API has this secret, but this worker does not',
      );
    }
    return null;
  };
}
