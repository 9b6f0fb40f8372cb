import { createHmac, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { afterEach, expect, test, vi } from 'vitest';
import { webhookEventSchema } from '@promptq/shared/contracts';
import { PromptQError } from '../requests/promptq-error.ts';
import { verifyWebhook } from './verify-webhook.ts';

const newSecret = () => `whsec_${randomBytes(32).toString('base64')}`;
const secret = newSecret();
const event = webhookEventSchema.parse({
  id: 'evt_1',
  object: 'event',
  type: 'job.completed',
  created_at: 1_750_287_018,
  data: {
    id: 'chat_1',
    object: 'job',
    status: 'completed',
    metadata: { order: '42' },
    output: { response: 'Grüß Gott 👋', finish_reason: 'stop', model: 'm' },
    output_included: true,
  },
});
const body = JSON.stringify(event);

function sign(text = body, key = secret, at = new Date()): Record<string, string> {
  return {
    'webhook-id': 'evt_1',
    'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
    'webhook-signature': new Webhook(key).sign('evt_1', at, text),
  };
}

afterEach(() => vi.useRealTimers());

const codeOf = (verifying: Promise<unknown>) =>
  verifying.then(
    () => 'verified',
    (error: unknown) => (error instanceof PromptQError ? error.code : String(error)),
  );

test('a signature of the official library is valid, for text and bytes, with all kinds of headers', async () => {
  const headers = sign();
  const bytes = new TextEncoder().encode(body);
  const upper = Object.fromEntries(Object.entries(headers).map(([n, v]) => [n.toUpperCase(), v]));
  expect(await verifyWebhook(body, headers, secret)).toEqual(event);
  expect(await verifyWebhook(bytes, new Headers(headers), secret)).toEqual(event);
  expect(await verifyWebhook(Buffer.from(body), upper, secret)).toEqual(event);
  expect(await verifyWebhook(bytes.buffer, headers, secret.slice('whsec_'.length))).toEqual(event);
});

test('during a rotation both secrets are valid, for sender and receiver', async () => {
  const other = newSecret();
  const both = {
    ...sign(),
    'webhook-signature': `${sign(body, other)['webhook-signature']} v1a,x ${sign()['webhook-signature']}`,
  };
  expect(await verifyWebhook(body, both, secret)).toEqual(event);
  expect(await verifyWebhook(body, both, other)).toEqual(event);
  expect(await verifyWebhook(body, sign(), [other, secret])).toEqual(event);
  expect(await codeOf(verifyWebhook(body, sign(), other))).toBe('invalid_webhook');
});

test('it accepts exactly what the official library accepts', async () => {
  // The clock stands still, so the ages are exact however long the checks take.
  vi.useFakeTimers({ toFake: ['Date'] });
  const bytes = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const changed = fc.record({
    body: fc.oneof(fc.constant(body), fc.json(), fc.string({ unit: 'grapheme' })),
    secret: fc.constantFrom(secret, newSecret()),
    ageSeconds: fc.constantFrom(0, 0, 0, -299, 299, -301, 301, 86_400),
    drop: fc.constantFrom('', '', '', 'webhook-id', 'webhook-timestamp', 'webhook-signature'),
    change: fc.constantFrom<((signature: string) => string)[]>(
      (s) => s,
      (s) => s,
      (s) => `v2,${s.slice(3)}`,
      (s) => s.toLowerCase(),
      (s) => s.slice(0, -1),
      (s) => s.slice(3),
      (s) => `v1,${'A'.repeat(43)}= ${s}`,
      () => `v1,${createHmac('sha256', bytes).update('other').digest('base64')} v0,x`,
    ),
  });
  let verified = 0;
  await fc.assert(
    fc.asyncProperty(changed, async (given) => {
      const headers: Record<string, string> = sign(
        body,
        given.secret,
        new Date(Date.now() - given.ageSeconds * 1_000),
      );
      headers['webhook-signature'] = given.change(headers['webhook-signature'] as string);
      delete headers[given.drop];
      let isSigned = true;
      try {
        new Webhook(secret).verify(given.body, headers);
      } catch {
        isSigned = false;
      }
      if (isSigned) verified += 1;
      expect(await codeOf(verifyWebhook(given.body, headers, secret))).toBe(
        isSigned ? 'verified' : 'invalid_webhook',
      );
    }),
    { numRuns: 400 },
  );
  expect(verified).toBeGreaterThan(0);
});

test('the tolerance is five minutes, or as given', async () => {
  const at = new Date('2026-11-21T00:00:00Z');
  const headers = sign(body, secret, at);
  const verify = (seconds: number, toleranceSeconds?: number) =>
    codeOf(
      verifyWebhook(body, headers, secret, {
        nowMs: at.getTime() + seconds * 1_000,
        ...(toleranceSeconds === undefined ? {} : { toleranceSeconds }),
      }),
    );
  expect(await verify(300)).toBe('verified');
  expect(await verify(301)).toBe('invalid_webhook');
  expect(await verify(-301)).toBe('invalid_webhook');
  expect(await verify(301, 600)).toBe('verified');
  expect(await verify(11, 10)).toBe('invalid_webhook');
});

test('a signed body that is not an event of promptq is rejected', async () => {
  for (const text of ['not JSON', '{}', 'null', '{"object":"job"}'])
    expect(await codeOf(verifyWebhook(text, sign(text), secret)), text).toBe('invalid_webhook');
});

test('a malformed secret is a TypeError whose message does not contain it', async () => {
  for (const bad of ['whsec_', 'whsec_not*base64', ''])
    expect(await codeOf(verifyWebhook(body, sign(), bad))).toMatch(/^TypeError: (?!.*base64!)/);
  expect(await codeOf(verifyWebhook(body, sign(), []))).toMatch(/^TypeError/);
  expect(await codeOf(verifyWebhook(body, sign(), 'whsec_p@ss'))).not.toContain('p@ss');
});
