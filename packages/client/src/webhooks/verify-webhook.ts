import type { WebhookEvent } from '@promptq/shared/contracts';
import { PromptQError } from '../requests/promptq-error.ts';
import { equalInConstantTime, fromBase64, toBase64 } from './base64.ts';

/** The `Headers` of a Fetch request, or `req.headers` of Node.js. */
export type WebhookHeaders = Headers | Record<string, string | readonly string[] | undefined>;

/** Options of `verifyWebhook`. */
export interface VerifyWebhookOptions {
  /** How far `webhook-timestamp` may be from the current time. Default: 5 minutes, as the specification recommends. */
  toleranceSeconds?: number;
  /** The current time, in milliseconds since 1970. Default: the system clock. */
  nowMs?: number;
}

const secretPrefix = 'whsec_';

// This does not use the library `standardwebhooks` 1.1. The library and its dependencies are CommonJS, which a browser
// loads only from a bundle. Its tolerance is fixed, and it hashes in JavaScript instead of Web Crypto. The tests compare
// this code with it.

/**
 * Verifies the signature of a webhook and returns its event (Standard Webhooks, "Verifying webhooks"). It uses Web Crypto
 * only and compares in constant time. If there are several signatures or secrets, one match is enough, so secrets can be
 * rotated. promptq may deliver an event more than once: remember `event.id`.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 * @param body the raw body, as bytes or text; a body that was parsed and serialized again does not verify
 * @param secret `whsec_...`, one or several
 * @throws {PromptQError} `invalid_webhook`: respond with 400 or 401 and ignore the webhook
 * @throws {TypeError} if a secret is malformed
 */
export async function verifyWebhook(
  body: string | Uint8Array | ArrayBuffer,
  headers: WebhookHeaders,
  secret: string | readonly string[],
  options: VerifyWebhookOptions = {},
): Promise<WebhookEvent> {
  const secrets = (typeof secret === 'string' ? [secret] : secret).map(decodeSecret);
  if (secrets.length === 0) throw new TypeError('verifyWebhook requires at least one secret.');
  const id = requireHeader(headers, 'webhook-id');
  const timestamp = requireHeader(headers, 'webhook-timestamp');
  const signatures = requireHeader(headers, 'webhook-signature')
    .split(' ')
    .filter((signature) => signature.startsWith('v1,'))
    .map((signature) => signature.slice('v1,'.length));
  checkTimestamp(timestamp, options);

  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : new Uint8Array(body);
  const signedContent = concat(new TextEncoder().encode(`${id}.${timestamp}.`), bytes);
  let isValid = false;
  for (const key of secrets) {
    const expected = toBase64(await hmacSha256(key, signedContent));
    // Every signature is compared, so the time does not reveal which one matched.
    for (const signature of signatures) {
      if (equalInConstantTime(signature, expected)) isValid = true;
    }
  }
  if (!isValid)
    throw invalid('No signature matches. The secret is different, or the body was changed.');
  return parseEvent(bytes);
}

function requireHeader(headers: WebhookHeaders, name: string): string {
  const value =
    headers instanceof Headers
      ? headers.get(name)
      : Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
  if (typeof value !== 'string' || value === '') throw invalid(`The header ${name} is missing.`);
  return value;
}

function checkTimestamp(timestamp: string, options: VerifyWebhookOptions): void {
  if (!/^\d{1,12}$/.test(timestamp)) throw invalid('webhook-timestamp is not a number of seconds.');
  const nowSeconds = Math.floor((options.nowMs ?? Date.now()) / 1_000);
  const { toleranceSeconds = 5 * 60 } = options;
  if (Math.abs(nowSeconds - Number(timestamp)) > toleranceSeconds)
    throw invalid(
      'webhook-timestamp is too far from the current time. It is a replay, or a clock is wrong.',
    );
}

function decodeSecret(secret: string): Uint8Array<ArrayBuffer> {
  const encoded = secret.startsWith(secretPrefix) ? secret.slice(secretPrefix.length) : secret;
  const bytes = fromBase64(encoded);
  // The message does not contain the secret.
  if (!bytes || bytes.length === 0) {
    throw new TypeError('A webhook secret must be "whsec_" followed by standard base64.');
  }
  return bytes;
}

async function hmacSha256(
  secret: Uint8Array<ArrayBuffer>,
  content: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('raw', secret, algorithm, false, ['sign']);
  return new Uint8Array(await crypto.subtle.sign('HMAC', key, content));
}

/** The signature is valid here. The check detects a secret that is shared with another sender. */
function parseEvent(bytes: Uint8Array): WebhookEvent {
  let event: unknown;
  try {
    event = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw invalid('The signature is valid, but the body is not JSON.', cause);
  }
  if ((event as { object?: unknown } | null)?.object !== 'event')
    throw invalid('The signature is valid, but the body is not an event of promptq.');
  return event as WebhookEvent;
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

function invalid(detail: string, cause?: unknown): PromptQError {
  return new PromptQError({ code: 'invalid_webhook', detail, cause });
}
