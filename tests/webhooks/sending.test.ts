import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startCanary, startReceiver, type Receiver } from '#support/receivers.ts';
import { selfSigned } from '#support/self-signed.ts';
import { openSending, type Sending } from '#support/sending.ts';
import { until } from '#support/until.ts';

const allowed = '127.0.0.1';

let sending: Sending;
let receiver: Receiver;
beforeEach(async () => {
  sending = openSending();
  receiver = await startReceiver();
});
afterEach(async () => {
  await sending.close();
  await receiver.close();
});

const only = async (url: string) => (await sending.queueAll([url]))[0] as string;

test('a webhook arrives once, signed, byte for byte, and its try is on record', async () => {
  sending.start(allowed);
  const id = await only(`${receiver.url}/fine?to=me`);
  const delivery = await sending.tried(id);
  expect(delivery).toMatchObject({ status: 'delivered', next_try_at: null });
  expect(delivery.tries).toEqual([
    {
      at: expect.any(String),
      status: 200,
      error: null,
      duration_ms: expect.any(Number),
      answer: 'thank you',
    },
  ]);
  expect(receiver.received.length).toBe(1);
  const [{ headers, body, method }] = receiver.received as [Receiver['received'][number]];
  expect(method).toBe('POST');
  expect(headers).toMatchObject({
    'content-type': 'application/json',
    'user-agent': 'promptq',
    'accept-encoding': 'identity',
    'webhook-id': delivery.event_id,
  });
  expect(new Webhook(sending.secret).verify(body, headers)).toMatchObject({
    id: delivery.event_id,
    data: { text: 'grüß dich' },
  });
});

test('https arrives where the certificate is vouched for, and nowhere else', async () => {
  const secure = await startReceiver({ tls: true });
  try {
    sending.start(allowed, { transport: { ca: selfSigned.cert } });
    expect((await sending.tried(await only(`${secure.url}/fine`))).status).toBe('delivered');
    expect(secure.received.length).toBe(1);

    const stranger = openSending();
    try {
      stranger.start(allowed);
      const [id = ''] = await stranger.queueAll([`${secure.url}/fine`]);
      const { status, tries } = await stranger.tried(id);
      expect([status, tries[0]?.status, tries[0]?.error]).toEqual(['pending', null, 'tls']);
      expect(secure.received.length, 'nothing was said to it').toBe(1);
    } finally {
      await stranger.close();
    }
  } finally {
    await secure.close();
  }
});

test.each([
  ['204', 204, null, 'delivered'],
  ['299', 299, null, 'delivered'],
  ['endless', 200, null, 'delivered'],
  ['trickle', 200, null, 'delivered'],
  ['gzip-bomb', 200, null, 'delivered'],
  ['410', 410, null, 'dead'],
  ['404', 404, null, 'pending'],
  ['500', 500, null, 'pending'],
  ['short', 500, null, 'pending'],
  ['hang', null, 'timeout', 'pending'],
  ['reset', null, 'connection_reset', 'pending'],
  ['nonsense', null, 'invalid_answer', 'pending'],
  ['large-head', null, 'invalid_answer', 'pending'],
])('a receiver that answers with %s: %s %s, %s', async (behaviour, status, error, state) => {
  // Only a try that must run out of time is short.
  sending.start(allowed, { transport: { trySeconds: error === 'timeout' ? 1 : 60 } });
  const delivery = await sending.tried(await only(`${receiver.url}/${behaviour}`));
  expect(delivery.status).toBe(state);
  expect(delivery.tries[0]).toMatchObject({ status, error });
  expect((delivery.tries[0]?.answer ?? '').length).toBeLessThanOrEqual(1_024);
  expect(receiver.received.length).toBe(1);
  expect(delivery.next_try_at === null).toBe(state !== 'pending');
});

test('nobody there, no such name, no answer to a connection', async () => {
  const closed = await startReceiver();
  await closed.close();
  const unknown = Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
  sending.start(`${allowed},silent.test`, {
    transport: {
      connectMs: 3_000,
      // A name server that never answers is a connection that is never made.
      lookup: (name, _, callback) => {
        if (name !== 'silent.test') callback(unknown, []);
      },
    },
  });
  const ids = await sending.queueAll([
    `${closed.url}/fine`,
    'https://unknown.test/',
    'https://silent.test/',
  ]);
  const errors = [];
  for (const id of ids) errors.push((await sending.tried(id)).tries[0]?.error);
  expect(errors).toEqual(['connection_refused', 'dns', 'connect_timeout']);
});

test('a redirect is a failed try and is not followed', async () => {
  const canary = await startCanary();
  const sly = await startReceiver({ redirectTo: `http://127.0.0.1:${canary.port}/` });
  try {
    sending.start(allowed);
    const delivery = await sending.tried(await only(`${sly.url}/redirect`));
    expect(delivery).toMatchObject({ status: 'pending', tries: [{ status: 302, error: null }] });
    expect(canary.connections()).toBe(0);
  } finally {
    await sly.close();
    await canary.close();
  }
});

test('ten tries by the schedule, the same webhook-id in each, then dead; a replay starts over', async () => {
  sending.start(allowed, { random: () => 0.5 });
  const id = await only(`${receiver.url}/500`);
  const hours = (count: number) => count * 3_600;
  const seconds = [5, 300, 1_800, ...[2, 5, 10, 14, 20, 24].map(hours)];
  for (const [at, scheduled] of seconds.entries()) {
    const delivery = await sending.tried(id, at + 1);
    const nextAtMs = Date.parse(delivery.next_try_at ?? '');
    const delayMs = scheduled * 1_000 * 1.1;
    expect(nextAtMs).toBeGreaterThanOrEqual(Date.parse(delivery.tries[at]?.at ?? '') + delayMs - 1);
    expect(nextAtMs).toBeLessThanOrEqual(Date.now() + delayMs);
    await (await sending.queue.getJob(id))?.promote();
  }
  expect((await sending.tried(id, 10)).status).toBe('dead');
  expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
  expect(new Set(receiver.received.map(({ body }) => body)).size).toBe(1);

  await sending.store.deliveries.redeliver(id);
  const again = await sending.tried(id, 11);
  expect(again.status, 'the first of ten tries').toBe('pending');
  expect(Date.parse(again.next_try_at ?? '')).toBeLessThanOrEqual(Date.now() + 5_500);
});

test.each(['retry-after-seconds', 'retry-after-date'])('%s is waited for', async (behaviour) => {
  sending.start(allowed);
  const { next_try_at, tries } = await sending.tried(await only(`${receiver.url}/${behaviour}`));
  const nextAtMs = Date.parse(next_try_at ?? '');
  // A date has no milliseconds: it may say up to a second less.
  expect(nextAtMs).toBeGreaterThanOrEqual(Date.parse(tries[0]?.at ?? '') + 119_000);
  expect(nextAtMs).toBeLessThanOrEqual(Date.now() + 121_000 * 1.2);
});

test('one receiver that hangs takes ten slots and no try of anybody else', async () => {
  const good = await startReceiver();
  try {
    // Its tries would last longer than this test may.
    sending.start(allowed, { transport: { trySeconds: 600 } });
    const stuck = await sending.queueAll(Array.from({ length: 100 }, () => `${receiver.url}/hang`));
    await until('its slots are in use', () => receiver.received.length === 10);
    const ids = await sending.queueAll(Array.from({ length: 300 }, () => `${good.url}/fine`));
    for (const id of ids) expect((await sending.tried(id)).status).toBe('delivered');
    expect(receiver.received.length).toBe(10);

    receiver.release();
    for (const id of stuck) expect((await sending.tried(id)).tries[0]?.status).toBe(200);
    expect(receiver.received.length, 'nobody was handed back in mid-try').toBe(100);
  } finally {
    await good.close();
  }
});

test('what is in the queue and is not a delivery fails alone', async () => {
  sending.start(allowed);
  const stray = await sending.queue.add('stray', { url: 7 } as never, { jobId: 'stray' });
  expect((await sending.tried(await only(`${receiver.url}/fine`))).status).toBe('delivered');
  await until('it has failed', () => stray.isFailed());
});

test('a log at info has neither path nor query nor body nor secret', async () => {
  sending.start(allowed, { transport: { trySeconds: 1 } });
  const query = '?token=in-the-query';
  const paths = ['fine', '500', 'hang', 'reset', 'nonsense', '410'];
  const urls = paths.map((path) => `${receiver.url}/${path}/in-the-path${query}`);
  for (const id of await sending.queueAll([...urls, `https://10.0.0.1/in-the-path${query}`])) {
    await sending.tried(id);
    await until('it is logged', () => sending.logged.some((line) => line.includes(id)));
  }
  const text = sending.logged.join('');
  for (const hidden of ['in-the-path', 'in-the-query', 'grüß', 'secret_text', 'whsec_']) {
    expect(text).not.toContain(hidden);
  }
  expect(text).not.toContain(sending.secret.slice('whsec_'.length));
});
