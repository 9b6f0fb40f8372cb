import { z } from 'zod';
import { webhookSecrets, type WebhookSecret } from './signature.ts';

const namePrefix = 'WEBHOOK_SECRET_';
const namePattern = /^WEBHOOK_SECRET_[A-Z0-9_]{1,64}$/;

/**
 * The name of the setting with a tenant's own webhook secret. It has only capitals, digits and `_`, because every
 * shell, compose file and ConfigMap accepts these. Several tenants can have the same name, see `sharedSecretName`.
 */
export function tenantSecretName(tenant: string): string {
  return `${namePrefix}${tenant.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}`;
}

/** The tenants' own secrets, by the name of the setting. */
export type TenantSecrets = ReadonlyMap<string, WebhookSecret[]>;

/** All settings `WEBHOOK_SECRET_<TENANT>`, each in the format of WEBHOOK_SECRET. */
export const tenantSecrets = z
  .record(
    z.string().regex(namePattern),
    webhookSecrets,
    // This error is about the name of the setting. `webhookSecrets` reports the faults of its value.
    {
      error:
        `is not a setting: ${namePrefix} is followed by a tenant's name in upper case, with "_" for "-" ` +
        '(`pnpm keygen webhook --tenant NAME` prints the line)',
    },
  )
  .transform((secrets): TenantSecrets => new Map(Object.entries(secrets)))
  .default(() => new Map());

/** Collects the settings `WEBHOOK_SECRET_<TENANT>`, whose names are not fixed, in one member of the environment. */
export function gatherTenantSecrets(environment: unknown): unknown {
  const entries = Object.entries(environment as Record<string, unknown>);
  const [byTenant, others] = [true, false].map((isSecret) =>
    Object.fromEntries(entries.filter(([name]) => name.startsWith(namePrefix) === isSecret)),
  );
  return { ...others, WEBHOOK_SECRETS_OF_TENANTS: byTenant };
}

/** The name of a setting that several of these tenants share; `undefined` when there is none. */
export function sharedSecretName(
  tenants: Iterable<string>,
  secrets: TenantSecrets,
): string | undefined {
  const names = [...new Set(tenants)].map(tenantSecretName);
  return names.find((name, at) => secrets.has(name) && names.indexOf(name) < at);
}

/** The secrets that sign deliveries. */
export interface SigningSecrets {
  /** Whether this process has a secret for this tenant only. */
  hasOwn(tenant: string): boolean;
  /**
   * The tenant's own secrets if it has any, otherwise the secrets for all tenants.
   * @param delivery `own_secret`: the API had a secret for this tenant only when it accepted the webhook
   * @returns `null` when there are no secrets, or when the tenant's own secrets are missing in this process; receivers
   *   would
   * not trust a signature with another secret
   */
  of(delivery: { tenant: string; own_secret: boolean }): WebhookSecret[] | null;
}

/** @param secrets the settings of this process */
export function signingSecrets(secrets: {
  WEBHOOK_SECRET?: WebhookSecret[] | undefined;
  WEBHOOK_SECRETS_OF_TENANTS: TenantSecrets;
}): SigningSecrets {
  const { WEBHOOK_SECRET: forAll, WEBHOOK_SECRETS_OF_TENANTS: byTenant } = secrets;
  return {
    hasOwn: (tenant) => byTenant.has(tenantSecretName(tenant)),
    of: ({ tenant, own_secret }) =>
      byTenant.get(tenantSecretName(tenant)) ?? (own_secret ? null : (forAll ?? null)),
  };
}
