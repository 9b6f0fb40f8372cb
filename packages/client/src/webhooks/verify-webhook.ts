import type { WebhookEvent } from '@promptq/shared/contracts';
import { PromptQError } from '../promptq-error.ts';
import { equalInConstantTime, fromBase64, toBase64 } from './base64.ts';

/** `Headers` of a fetch request, or `req.headers` of Node.js. */
export type WebhookHeaders = Headers | Record<string, string | readonly string[] | undefined>;

export interface VerifyWebhookOptions {
  /** How far the sender's clock and ours, and the way here, may differ. Default 5 minutes, as the standard says. */
  toleranceSeconds?: number;
  /** The time to compare with, in milliseconds since 1970. Default now. */
  nowMs?: number;
}

const secretPrefix = 'whsec_';

/**
 * The event of a webhook, when it was signed with the secret (Standard Webhooks, "Verifying webhooks"). Uses Web
 * Crypto only, compares in constant time, and takes any of several signatures or secrets while one is rotated.
 * An event can arrive more than once: remember `event.id`.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 * @param body the bytes as they came, or their text: a body that was parsed and written again does not verify
 * @param secret `whsec_...`, one or several
 * @throws {PromptQError} `invalid_webhook`: answer 400 or 401 and do nothing else
 * @throws {TypeError} when a secret is none
 */
export async function verifyWebhook(
  body: string | Uint8Array | ArrayBuffer,
  headers: WebhookHeaders,
  secret: string | readonly string[],
  options: VerifyWebhookOptions = {},
): Promise<WebhookEvent> {
  const secrets = (typeof secret === 'string' ? [secret] : secret).map(readSecret);
  if (secrets.length === 0) throw new TypeError('verifyWebhook needs a secret.');
  const id = headerOf(headers, 'webhook-id');
  const timestamp = headerOf(headers, 'webhook-timestamp');
  const given = headerOf(headers, 'webhook-signature')
    .split(' ')
    .filter((signature) => signature.startsWith('v1,'))
    .map((signature) => signature.slice('v1,'.length));
  checkTime(timestamp, options);

  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : new Uint8Array(body);
  const signed = concat(new TextEncoder().encode(`${id}.${timestamp}.`), bytes);
  let isSigned = false;
  for (const bytesOfSecret of secrets) {
    const expected = toBase64(await hmacSha256(bytesOfSecret, signed));
    // All are compared, so the time does not tell which one it was.
    for (const signature of given) {
      if (equalInConstantTime(signature, expected)) isSigned = true;
    }
  }
  if (!isSigned) throw invalid('No signature matches: another secret, or another body.');
  return readEvent(bytes);
}

function headerOf(headers: WebhookHeaders, name: string): string {
  const value =
    headers instanceof Headers
      ? headers.get(name)
      : Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
  if (typeof value !== 'string' || value === '') throw invalid(`There is no header ${name}.`);
  return value;
}

function checkTime(timestamp: string, options: VerifyWebhookOptions): void {
  if (!/^\d{1,12}$/.test(timestamp)) throw invalid('webhook-timestamp is no time.');
  const nowSeconds = Math.floor((options.nowMs ?? Date.now()) / 1_000);
  const { toleranceSeconds = 5 * 60 } = options;
  if (Math.abs(nowSeconds - Number(timestamp)) > toleranceSeconds)
    throw invalid('webhook-timestamp is too far from now: a replay, or a wrong clock.');
}

function readSecret(secret: string): Uint8Array<ArrayBuffer> {
  const encoded = secret.startsWith(secretPrefix) ? secret.slice(secretPrefix.length) : secret;
  const bytes = fromBase64(encoded);
  // The secret itself stays out of the text.
  if (!bytes || bytes.length === 0) {
    throw new TypeError('A webhook secret is "whsec_" and standard base64.');
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

/** It is signed, so it is promptq's; the look at it only finds a secret that is shared with another sender. */
function readEvent(bytes: Uint8Array): WebhookEvent {
  let event: unknown;
  try {
    event = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw invalid('The body is signed, but no JSON.', cause);
  }
  if ((event as { object?: unknown } | null)?.object !== 'event')
    throw invalid('The body is signed, but no event of promptq.');
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
