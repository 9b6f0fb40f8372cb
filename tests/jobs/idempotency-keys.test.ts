import { request as rawRequest } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chatBody, json, post, problemOf } from '#support/problem.ts';
import { startStack, type Stack } from '#support/stack.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.close());

const submit = (key: string, body: string) =>
  post(stack, body, { ...json, 'idempotency-key': key });

test.each([
  ['no character', ''],
  ['256 characters', 'k'.repeat(256)],
  ['256 characters in quotes', `"${'k'.repeat(256)}"`],
  ['an open quote', '"abc'],
  ['an empty quoted text', '""'],
  ['a quoted text with something behind it', '"abc";x=1'],
  ['a tab', 'a\tb'],
  ['a letter that is no ASCII', 'schlüssel'],
])('a key of %s is refused', async (_name, key) => {
  const refused = await submit(key, chatBody({ message: 'refused' }));
  expect(refused.status).toBe(400);
  const problem = await problemOf(refused);
  expect(problem.error).toMatchObject({ code: 'invalid_request' });
  expect(problem.detail).toContain('Idempotency-Key');
});

test.each([
  ['255 characters', 'k'.repeat(255)],
  ['255 characters in quotes', `"${'q'.repeat(255)}"`],
  ['punctuation', '!#$%&()*+,-./:;<=>?@[]^_`{|}~'],
  ['quotes in quotes', '"a \\"b\\" \\\\ c"'],
])('a key of %s is taken', async (_name, key) => {
  const body = chatBody({ message: `taken ${key.length}` }, { delay_seconds: 3_600 });
  for (const replayed of [null, 'true']) {
    const taken = await submit(key, body);
    expect(taken.status).toBe(202);
    expect(taken.headers.get('idempotency-replayed')).toBe(replayed);
  }
});

test('two keys in one request are refused', async () => {
  const send = (value: string | string[]) =>
    new Promise<number>((resolve, reject) => {
      const req = rawRequest(`${stack.api.url}/v1/jobs`, { method: 'POST' }, (res) =>
        resolve(res.resume().statusCode ?? 0),
      );
      req.on('error', reject);
      req.setHeader('content-type', 'application/json');
      req.setHeader('idempotency-key', value);
      req.end(chatBody({ message: 'refused' }));
    });
  expect(await send(['a', 'b'])).toBe(400);
  const waiting = await stack.redis.zrange(stack.keys.prioritized('chat'), '0', '-1');
  expect(waiting, 'nothing was added').toEqual([]);
});

test.each(['a\u0001b', 'a\u007fb', 'a\0b'])(
  'the control character in %j is refused with a problem',
  async (key) => {
    const { hostname, port } = new URL(stack.api.url);
    const socket = connect(Number(port), hostname);
    // No client sends these; Node.js refuses the most before there is a request.
    socket.write(
      `POST /v1/jobs HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nIdempotency-Key: ${key}\r\nContent-Length: 2\r\n\r\n{}`,
    );
    const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n');
    expect(head).toMatch(/^HTTP\/1\.1 400 /);
    expect(head.toLowerCase()).toContain('content-type: application/problem+json');
    expect(JSON.parse(body)).toMatchObject({ code: 'invalid_request', status: 400 });
  },
);
