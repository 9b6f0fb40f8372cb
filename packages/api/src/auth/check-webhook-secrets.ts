import { KeyEntryError } from '@promptq/shared/api-keys';
import type { Logger } from '@promptq/shared/logging';
import { sharedSecretName, tenantSecretName, type TenantSecrets } from '@promptq/shared/webhooks';

/**
 * Checks that no webhook secret is of two tenants, whose names differ but not in the name of the setting: each could
 * sign what the other's receivers trust. A secret of no tenant is only told, because keys can come later and go before
 * the last webhooks of their tenant.
 * @throws {KeyEntryError}
 */
export function checkWebhookSecrets(tenants: string[], secrets: TenantSecrets, log: Logger): void {
  const clash = sharedSecretName(tenants, secrets);
  if (clash !== undefined) {
    throw new KeyEntryError(
      `${clash} would be the secret of two tenants, whose names differ only in case, "-" and "_": rename one of them`,
    );
  }
  const names = new Set(tenants.map(tenantSecretName));
  const unused = [...secrets.keys()].filter((name) => !names.has(name));
  if (unused.length > 0) {
    log.warn(
      { settings: unused },
      'webhook secrets of tenants that have no API key: check the names',
    );
  }
}
