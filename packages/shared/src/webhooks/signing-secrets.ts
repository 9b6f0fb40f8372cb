import { z } from 'zod';
import { webhookSecrets, type WebhookSecret } from './signature.ts';

const namePrefix = 'WEBHOOK_SECRET_';
const namePattern = /^WEBHOOK_SECRET_[A-Z0-9_]{1,64}$/;

/**
 * The setting that a tenant's own webhook secret is read from: in capitals, and `_` for what is neither letter nor
 * digit, because that is all that every shell, compose file and ConfigMap takes. Several tenants can have the same one,
 * see `sharedSecretName`.
 */
export function tenantSecretName(tenant: string): string {
  return `${namePrefix}${tenant.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}`;
}

/** The own secrets of tenants, by the name of their setting. */
export type TenantSecrets = ReadonlyMap<string, WebhookSecret[]>;

/** All settings `WEBHOOK_SECRET_<TENANT>`, each of the same form as WEBHOOK_SECRET. */
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

/** Puts these settings, whose names are not known beforehand, into one member of the environment. */
export function gatherTenantSecrets(environment: unknown): unknown {
  const entries = Object.entries(environment as Record<string, unknown>);
  const [byTenant, others] = [true, false].map((isSecret) =>
    Object.fromEntries(entries.filter(([name]) => name.startsWith(namePrefix) === isSecret)),
  );
  return { ...others, WEBHOOK_SECRETS_OF_TENANTS: byTenant };
}

/** A setting that holds the secret of more than one of these tenants; `undefined` when each has its own. */
export function sharedSecretName(
  tenants: Iterable<string>,
  secrets: TenantSecrets,
): string | undefined {
  const names = [...new Set(tenants)].map(tenantSecretName);
  return names.find((name, at) => secrets.has(name) && names.indexOf(name) < at);
}

/** What deliveries are signed with. */
export interface SigningSecrets {
  /** Whether the tenant has a secret of its own here. */
  hasOwn(tenant: string): boolean;
  /**
   * The tenant's own, and no others, when it has some; else those of all.
   * @param delivery `own_secret`: the API had one of the tenant's own when it took the webhook
   * @returns `null` when there are none, or when the tenant's own are missing here: then a signature of another secret
   * would be one that its receivers must not trust
   */
  of(delivery: { tenant: string; own_secret: boolean }): WebhookSecret[] | null;
}

/** @param secrets the settings of that name, of a process */
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
