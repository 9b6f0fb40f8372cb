import { KeyEntryError } from '@promptq/shared/api-keys';
import type { Logger } from '@promptq/shared/logging';
import { sharedSecretName, tenantSecretName, type TenantSecrets } from '@promptq/shared/webhooks';

/**
 * Checks that no two tenants share the setting of a webhook secret. Different tenant names can lead to the same
 * setting, and then each tenant could sign webhooks that the other's receivers trust. A secret without a tenant is only
 * logged, because keys can be added later, and can be removed before the last webhooks of their tenant are sent.
 * @throws {KeyEntryError}
 */
export function checkWebhookSecrets(tenants: string[], secrets: TenantSecrets, log: Logger): void {
  const clash = sharedSecretName(tenants, secrets);
  if (clash !== undefined) {
    throw new KeyEntryError(
      `${clash} is the setting of two tenants, whose names differ only in case, "-" or "_": rename one of them`,
    );
  }
  const names = new Set(tenants.map(tenantSecretName));
  const unused = [...secrets.keys()].filter((name) => !names.has(name));
  if (unused.length > 0) {
    log.warn(
      { settings: unused },
      'these webhook secrets belong to tenants without an API key: check their names',
    );
  }
}
