import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import fc from 'fast-check';
import OpenAI from 'openai';
import { Webhook } from 'standardwebhooks';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { createLogger } from '../logging/index.ts';
import { readSettings } from '../settings/index.ts';
import { newWebhookSecret, sign, webhookSecrets } from './signature.ts';

const openai = new OpenAI({ apiKey: 'unused' });
const body = JSON.stringify({ id: 'evt_1', type: 'job.completed', data: { text: 'grüß dich ☀' } });

/** The headers of a try that is made now. */
function headersOf(setting: string, text = body) {
  const timestampSeconds = Math.floor(Date.now() / 1_000);
  return {
    'webhook-id': 'evt_1',
    'webhook-timestamp': String(timestampSeconds),
    'webhook-signature': sign(
      { id: 'evt_1', timestampSeconds, body: text },
      webhookSecrets.parse(setting),
    ),
  };
}

test('both official libraries verify a signature, and not that of another body or secret', async () => {
  const secret = newWebhookSecret();
  const headers = headersOf(secret);
  expect(new Webhook(secret).verify(body, headers)).toEqual(JSON.parse(body));
  expect(await openai.webhooks.unwrap(body, headers, secret)).toEqual(JSON.parse(body));

  const changed = body.replace('evt_1', 'evt_2');
  const other = newWebhookSecret();
  for (const [text, key] of [
    [changed, secret],
    [body, other],
  ] as const) {
    expect(() => new Webhook(key).verify(text, headers)).toThrow('No matching signature');
    await expect(openai.webhooks.unwrap(text, headers, key)).rejects.toThrow('signature');
  }
});

test('while a secret is rotated, receivers with the old one and with the new one verify', async () => {
  const [before, after] = [newWebhookSecret(), newWebhookSecret()];
  const headers = headersOf(`${after}, ${before}`);
  expect(headers['webhook-signature']).toMatch(/^v1,\S{44} v1,\S{44}$/);
  for (const secret of [before, after]) {
    expect(new Webhook(secret).verify(body, headers)).toEqual(JSON.parse(body));
    expect(await openai.webhooks.unwrap(body, headers, secret)).toEqual(JSON.parse(body));
  }
});

test('whatever the body and the length of the secret, the signature is that of the library', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      fc.uint8Array({ minLength: 24, maxLength: 64 }),
      fc.integer({ min: 0, max: 4_000_000_000 }),
      (text, bytes, timestampSeconds) => {
        const secret = `whsec_${Buffer.from(bytes).toString('base64')}`;
        const expected = new Webhook(secret).sign(
          'evt_1',
          new Date(timestampSeconds * 1_000),
          text,
        );
        const signed = { id: 'evt_1', timestampSeconds, body: text };
        expect(sign(signed, webhookSecrets.parse(secret))).toBe(expected);
      },
    ),
  );
});

const base64 = (length: number) => randomBytes(length).toString('base64');

test.each([
  ['empty', ''],
  ['no prefix', base64(32)],
  ['another prefix', `whpk_${base64(32)}`],
  ['too short', `whsec_${base64(23)}`],
  ['too long', `whsec_${base64(65)}`],
  ['base64url', `whsec_${Buffer.alloc(33, 0xff).toString('base64url')}`],
  ['without its padding', `whsec_${base64(32).replace('=', '')}`],
  ['spaces inside', `whsec_${base64(24)} ${base64(24)}`],
  ['a comma at the end', `whsec_${base64(32)},`],
  ['one good, one bad', `whsec_${base64(32)},whsec_secret`],
])('a faulty secret (%s) is refused by its rule, and never shown', (_, value) => {
  const read = () =>
    readSettings(z.object({ WEBHOOK_SECRET: webhookSecrets }), { WEBHOOK_SECRET: value });
  if (value !== '') {
    expect(read).toThrow(
      /WEBHOOK_SECRET: must be whsec_ and the standard base64 of 24 to 64 bytes/,
    );
  }
  const { error } = webhookSecrets.safeParse(value);
  const shown = `${error?.message} ${inspect(error, { depth: null })} ${JSON.stringify(error)}`;
  expect(error?.issues.length).toBe(1);
  for (const part of value.split(',').filter((part) => part.length > 10)) {
    expect(shown).not.toContain(part);
  }
});

test('secrets of every allowed length are taken, and a read one does not print', () => {
  for (let length = 24; length <= 64; length += 1) {
    expect(webhookSecrets.parse(`whsec_${base64(length)}`).length).toBe(1);
  }
  const text = newWebhookSecret();
  const encoded = text.slice('whsec_'.length);
  const bytes = Buffer.from(encoded, 'base64');
  const secrets = webhookSecrets.parse(text);
  let logged = '';
  const log = createLogger(
    { service: 'test', level: 'info' },
    { write: (line) => (logged += line) },
  );
  log.info({ secrets }, 'settings');
  const shown = [
    logged,
    JSON.stringify(secrets),
    inspect(secrets, { depth: null, showHidden: true }),
  ];
  for (const way of shown) {
    for (const form of [encoded, bytes.toString('hex'), inspect(bytes).slice(8, 40)]) {
      expect(way).not.toContain(form);
    }
  }
});

test('nothing is signed without a secret', () => {
  expect(() => sign({ id: 'evt_1', timestampSeconds: 1, body }, [])).toThrow('no secret');
});
