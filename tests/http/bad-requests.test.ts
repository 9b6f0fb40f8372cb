import { request as rawRequest } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chatBody, json, post, problemOf } from '#support/problem.ts';
import { startStack, type Stack } from '#support/stack.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.close());

test('an empty body is refused', async () => {
  expect((await post(stack, '')).status).toBe(400);
  expect((await post(stack, null)).status).toBe(400);
});

test('bytes that are no UTF-8 are refused, not replaced', async () => {
  const body = Buffer.concat([
    Buffer.from('{"type":"chat","input":{"message":"'),
    Buffer.from([0xff, 0xfe]),
    Buffer.from('"}}'),
  ]);
  expect((await post(stack, body)).status).toBe(400);
  const utf16 = Buffer.from(chatBody({ message: 'x' }), 'utf16le');
  const charset = { 'content-type': 'application/json; charset=utf-16' };
  expect((await post(stack, utf16, charset)).status).toBe(415);
});

test('2 MiB are too large, also when they come compressed', async () => {
  const body = chatBody({ message: 'x'.repeat(2 * 1024 * 1024) });
  for (const response of [
    await post(stack, body),
    await post(stack, gzipSync(body), { ...json, 'content-encoding': 'gzip' }),
  ]) {
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ code: 'body_too_large' });
  }
});

test.each([
  ['text', { 'content-type': 'text/plain' }],
  ['a form', { 'content-type': 'application/x-www-form-urlencoded' }],
  ['another charset', { 'content-type': 'application/json; charset=latin1' }],
  ['an unknown encoding', { ...json, 'content-encoding': 'rot13' }],
])('%s is an unsupported media type', async (_name, headers) => {
  const response = await post(stack, chatBody({ message: 'x' }), headers);
  expect(response.status).toBe(415);
  expect(await response.json()).toMatchObject({ code: 'unsupported_media_type' });
});

test.each([
  'chat_01a1fbb51c1a70548f3db1db53cd7ea0',
  'analysis_nope',
  'chat:1',
  'chat%3A1',
  'a%00b',
  '__proto__',
  'x'.repeat(5_000),
])('the unknown job id %s is not found', async (id) => {
  const response = await stack.request(`/v1/jobs/${id}`);
  expect(response.status).toBe(404);
  expect(await response.json()).toMatchObject({ code: 'not_found' });
});

test('an unknown route is not found, a wrong method says which are allowed', async () => {
  for (const path of ['/', '/v1', '/v1/nothing', '/docs/nothing']) {
    expect((await stack.request(path)).status).toBe(404);
  }
  const response = await stack.request('/v1/jobs', { method: 'DELETE' });
  expect(response.status).toBe(405);
  expect(response.headers.get('allow')).toBe('POST, GET, HEAD');
  expect(await response.json()).toMatchObject({ code: 'method_not_allowed' });
  const put = await stack.request('/v1/jobs/chat_1', { method: 'PUT', body: 'x' });
  expect(put.status).toBe(405);
  expect(put.headers.get('allow')).toBe('GET, HEAD');
});

test('a path that is no valid URL is refused', async () => {
  const response = await fetch(`${stack.api.url}/v1/jobs/%E0%A4%A`);
  expect(response.status).toBe(400);
  expect(response.headers.get('content-type')).toContain('application/problem+json');
});

test.each(['?include=output', '?wait=61', '?include=input&include=input'])(
  'the query %s is refused',
  async (query) => {
    const response = await stack.request(`/v1/jobs/chat_1${query}`);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'invalid_request' });
  },
);

test.each([
  'limit=0',
  'limit=101',
  'limit=x',
  'since=yesterday',
  'type=poem',
  'after=evt_chat_0_0',
  'after=evt_chat_1_0',
  'after=x',
  'after=evt_chat_99999999999999999999_0',
  `after=evt_chat_${'9'.repeat(400)}_0`,
  'limit=1e1',
  'limit=0x10',
  'x=1',
])('the audit query %s is refused', async (query) => {
  const response = await stack.request(`/v1/audit?${query}`);
  expect(response.status).toBe(400);
  const problem = await problemOf(response);
  expect(problem.errors[0]?.pointer).toBe(`/${query.split('=')[0]}`);
});

test('a request id is echoed when it is safe and replaced when it is not', async () => {
  const echoed = await stack.request('/healthz', { headers: { 'x-request-id': 'trace-1.a' } });
  expect(echoed.headers.get('x-request-id')).toBe('trace-1.a');
  for (const unsafe of ['x'.repeat(129), 'a b', '<script>']) {
    const response = await stack.request('/healthz', { headers: { 'x-request-id': unsafe } });
    expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  }
});

test('a client that hangs up in the middle of its body harms nobody', async () => {
  await new Promise<void>((resolve) => {
    const req = rawRequest(`${stack.api.url}/v1/jobs`, {
      method: 'POST',
      headers: { ...json, 'content-length': '1000' },
    });
    req.on('error', () => resolve());
    req.write('{"type"');
    req.on('socket', (socket) => socket.once('connect', () => setImmediate(() => req.destroy())));
    req.on('close', () => resolve());
  });
  expect((await stack.request('/healthz')).status).toBe(200);
});

test('nothing of it reached the queue, the process lives, and no log line shows a stack or a prompt', async () => {
  const accepted = await stack.submit({ type: 'chat', input: { message: 'the secret prompt' } });
  expect(accepted.status).toBe('queued');
  expect(await stack.redis.zcard(stack.keys.prioritized('chat'))).toBe(1);
  expect(await stack.redis.zcard(stack.keys.prioritized('analysis'))).toBe(0);
  expect(stack.api.text).toEqual([]);
  const log = JSON.stringify(stack.api.log);
  expect(log).not.toContain('secret prompt');
  expect(log).not.toContain('    at ');
  expect(stack.api.log.filter(({ level }) => level >= 50)).toEqual([]);
});
