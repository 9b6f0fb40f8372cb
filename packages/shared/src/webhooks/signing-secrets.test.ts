import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { readSettings } from '../settings/index.ts';
import {
  sharedSecretName,
  gatherTenantSecrets,
  newWebhookSecret,
  sign,
  signingSecrets,
  tenantSecretName,
  tenantSecrets,
  webhookSecrets,
  type WebhookSecret,
} from './index.ts';

const schema = z.preprocess(
  gatherTenantSecrets,
  z.object({
    WEBHOOK_SECRET: webhookSecrets.optional(),
    WEBHOOK_SECRETS_OF_TENANTS: tenantSecrets,
  }),
);
const read = (environment: Record<string, string>) => readSettings(schema, environment);

test('every tenant has a setting that is one, in capitals', () => {
  expect(tenantSecretName('acme-eu_2')).toBe('WEBHOOK_SECRET_ACME_EU_2');
  fc.assert(
    fc.property(fc.stringMatching(/^[\w-]{1,64}$/), (tenant) => {
      const name = tenantSecretName(tenant);
      expect(read({ [name]: newWebhookSecret() }).WEBHOOK_SECRETS_OF_TENANTS.size).toBe(1);
    }),
  );
});

test('each is read like WEBHOOK_SECRET, several while one is rotated, and an empty one is not set', () => {
  const { WEBHOOK_SECRETS_OF_TENANTS: secrets } = read({
    WEBHOOK_SECRET: newWebhookSecret(),
    WEBHOOK_SECRET_ACME: `${newWebhookSecret()}, ${newWebhookSecret()}`,
    WEBHOOK_SECRET_OTHER: '',
  });
  expect([...secrets.keys()]).toEqual(['WEBHOOK_SECRET_ACME']);
  expect(secrets.get('WEBHOOK_SECRET_ACME')?.length).toBe(2);
  expect(read({}).WEBHOOK_SECRETS_OF_TENANTS.size).toBe(0);
});

test('every fault names its setting, an invalid tenant is rejected, and no value is repeated', () => {
  const secret = newWebhookSecret();
  const faulty = {
    WEBHOOK_SECRET: 'too-short',
    WEBHOOK_SECRET_ACME: `${secret},too-short`,
    WEBHOOK_SECRET_acme: secret,
    WEBHOOK_SECRET_: secret,
    'WEBHOOK_SECRET_A-B': secret,
  };
  const message = (() => {
    try {
      return JSON.stringify(read(faulty));
    } catch (error) {
      return String(error);
    }
  })();
  for (const name of Object.keys(faulty)) expect(message).toContain(`- ${name}: `);
  expect(message).not.toContain(secret);
  expect(message).not.toContain('too-short');
});

test('two tenants clash where they would share a secret, and only there', () => {
  const { WEBHOOK_SECRETS_OF_TENANTS: secrets } = read({ WEBHOOK_SECRET_A_B: newWebhookSecret() });
  expect(sharedSecretName(['a-b', 'c', 'A_b'], secrets)).toBe('WEBHOOK_SECRET_A_B');
  expect(sharedSecretName(['a-b', 'c', 'a-b'], secrets), 'two keys of one tenant').toBeUndefined();
  expect(sharedSecretName(['x-y', 'x_y', 'a-b'], secrets)).toBeUndefined();
});

test('a tenant is signed for with its own, others with that of all, and never one with that of another', () => {
  const [own, forAll] = [newWebhookSecret(), newWebhookSecret()];
  const acme = { tenant: 'acme', own_secret: true };
  const earlier = { tenant: 'acme', own_secret: false };
  const other = { tenant: 'other', own_secret: false };
  const content = { id: 'evt_1', timestampSeconds: 1, body: '{}' };
  const signature = (secrets: WebhookSecret[] | null) => secrets && sign(content, secrets);
  const [signedOwn, signedOfAll] = [own, forAll].map((one) =>
    signature(webhookSecrets.parse(one)),
  ) as [string, string];
  const signed = (environment: Record<string, string>) =>
    [acme, earlier, other].map((one) => signature(signingSecrets(read(environment)).of(one)));

  expect(signed({ WEBHOOK_SECRET: forAll, WEBHOOK_SECRET_ACME: own })).toEqual([
    signedOwn,
    signedOwn,
    signedOfAll,
  ]);
  expect(signed({ WEBHOOK_SECRET: forAll })).toEqual([null, signedOfAll, signedOfAll]);
  expect(signed({ WEBHOOK_SECRET_ACME: own })).toEqual([signedOwn, signedOwn, null]);
  expect(signed({})).toEqual([null, null, null]);
});
