import { createHmac, createSecretKey, randomBytes, type KeyObject } from 'node:crypto';
import { z } from 'zod';

const prefix = 'whsec_';
const minBytes = 24;
const maxBytes = 64;
const newBytes = 32;

/** A signing secret. A key object does not reveal its bytes when it is printed, inspected or serialized. */
export type WebhookSecret = KeyObject;

/**
 * The setting WEBHOOK_SECRET: one secret, or several separated by commas during a rotation.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md, "Signature scheme"
 */
export const webhookSecrets = z.string().transform((list, context) => {
  const secrets = list.split(',').map((text) => readSecret(text.trim()));
  const known = secrets.filter((secret) => secret !== null);
  if (known.length === secrets.length) return known;
  // The `input` of a zod issue would contain the value, so it is omitted.
  context.issues.push({
    code: 'custom',
    message:
      `must be ${prefix} and the standard base64 of ${minBytes} to ${maxBytes} bytes, ` +
      'or several such secrets separated by commas; `pnpm keygen webhook` prints one',
    input: undefined,
  });
  return z.NEVER;
});

function readSecret(text: string): WebhookSecret | null {
  if (!text.startsWith(prefix)) return null;
  const encoded = text.slice(prefix.length);
  const bytes = Buffer.from(encoded, 'base64');
  // Node.js ignores invalid characters and accepts base64url; receivers' libraries do not.
  const isStandard = bytes.toString('base64') === encoded;
  const isLongEnough = bytes.length >= minBytes && bytes.length <= maxBytes;
  return isStandard && isLongEnough ? createSecretKey(bytes) : null;
}

/** A new secret for WEBHOOK_SECRET and for receivers. */
export function newWebhookSecret(): string {
  return `${prefix}${randomBytes(newBytes).toString('base64')}`;
}

/** The content of a signature. */
export interface Signed {
  /** The `webhook-id`. */
  id: string;
  /** The `webhook-timestamp`: the time of this try in seconds since 1970. */
  timestampSeconds: number;
  /** The bytes that are sent. */
  body: string;
}

/**
 * The `webhook-signature` of Standard Webhooks: one signature for each secret, separated by spaces.
 * @throws {Error} when there is no secret, because receivers could not verify the webhook
 */
export function sign({ id, timestampSeconds, body }: Signed, secrets: WebhookSecret[]): string {
  if (secrets.length === 0) throw new Error('there is no secret to sign with');
  const content = `${id}.${timestampSeconds}.${body}`;
  return secrets
    .map((secret) => `v1,${createHmac('sha256', secret).update(content).digest('base64')}`)
    .join(' ');
}
