import type { Logger } from '@promptq/shared/logging';
import {
  tenantSecretName,
  type DeliveryData,
  type SigningSecrets,
  type WebhookSecret,
} from '@promptq/shared/webhooks';

const warnIntervalMs = 60_000;

/** What a delivery is signed with, or `null` when this process has nothing that its receiver would trust. */
export type ResolveSecrets = (
  delivery: Pick<DeliveryData, 'tenant' | 'own_secret'>,
) => WebhookSecret[] | null;

/** Tells which setting is missing here, once a minute for each: every delivery that waits for it asks again. */
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
        'webhooks wait for a worker that can sign them: the API has this secret, and it is not set here',
      );
    }
    return null;
  };
}
