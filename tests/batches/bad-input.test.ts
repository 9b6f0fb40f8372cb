import { request as rawRequest } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeAll, afterAll, expect, test } from 'vitest';
import { chats, jsonLines, postBatch, toLines } from '#support/batch.ts';
import { json, problemOf } from '#support/problem.ts';
import { startStack, type Stack } from '#support/stack.ts';
import { until } from '#support/until.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.close());

/** What a process writes when it starts. */
const isOfStart = (name: string) =>
  [stack.keys.version, stack.keys.queues].includes(name) || name.endsWith(':meta');

/** Whatever was refused: no batch, no job, nothing of the upload. */
afterEach(async () => {
  const names: string[] = [];
  for await (const found of stack.redis.scanStream({ match: `${stack.prefix}:*` }))
    names.push(...(found as string[]));
  const left = names.filter((name) => !isOfStart(name));
  if (left.length > 0) throw new Error(`left in Redis: ${left.join()}`);
});

const withLine = (line: string, at: number, count = 40) => {
  const lines = toLines(chats(count)).split('\n');
  lines[at - 1] = line;
  return lines.join('\n');
};

test.each([
  ['a line that is no JSON', withLine('{"type": "chat", ', 17), '/16', 'Line 17: Not valid JSON.'],
  [
    'an unknown type in line 31',
    withLine('{"custom_id":"x","type":"poem","input":{}}', 31),
    '/30/type',
    'Line 31: Must be "chat" or "analysis".',
  ],
  [
    'a name that was there before',
    withLine('{"custom_id":"r-3","type":"chat","input":{"message":"x"}}', 9),
    '/8/custom_id',
    'Line 9: Another request has the same custom_id.',
  ],
  ['no name', withLine('{"type":"chat","input":{"message":"x"}}', 2), '/1/custom_id', 'Line 2: '],
  [
    'an unknown member',
    withLine('{"custom_id":"x","type":"chat","input":{"message":"x"},"url":"/v1"}', 40),
    '/39/url',
    'Line 40: Unknown member.',
  ],
  ['a list', withLine('[]', 1), '/0', 'Line 1: Must be a JSON object.'],
  [
    'a lone surrogate',
    withLine('{"custom_id":"x","type":"chat","input":{"message":"\\ud800"}}', 5),
    '/4/input/message',
    'Line 5: Invalid Unicode',
  ],
  ['nothing', '', '', 'The batch has no requests.'],
  ['blank lines only', '\n\n  \n', '', 'The batch has no requests.'],
  [
    'a line of more than 1 MiB',
    withLine(JSON.stringify(chats(1, { user_id: 'x'.repeat(1_100_000) })[0]), 3),
    '/2',
    'Line 3: Longer than 1 MiB.',
  ],
])('%s is refused with its place', async (_name, body, pointer, detail) => {
  const response = await postBatch(stack, body);
  expect(response.status).toBe(400);
  const { errors } = (await response.json()) as { errors: { pointer: string; detail: string }[] };
  const [fault] = errors;
  expect(fault?.pointer).toBe(pointer);
  expect(fault?.detail).toContain(detail);
});

test('up to 20 faults are reported at once', async () => {
  const bad = chats(1_000).map((request, n) =>
    n % 20 === 0 ? { ...request, type: 'poem' } : request,
  );
  for (const body of [toLines(bad), { requests: bad }]) {
    const response = await postBatch(stack, body);
    expect(response.status).toBe(400);
    const { errors } = await problemOf(response);
    expect(errors.length).toBe(20);
    expect(errors[19]?.pointer).toContain('/380/type');
  }
});

test('blank lines, a missing last line break and CRLF are no faults', async () => {
  // One fault at the end shows that the lines before it were read and how they were counted.
  const body = `\r\n${toLines(chats(3)).replaceAll('\n', '\r\n')}\n\n{"custom_id":"r-1"}`;
  const { errors } = await problemOf(await postBatch(stack, body));
  expect(errors.map(({ pointer }) => pointer)).toEqual(['/6/type']);
});

test('50,001 lines are too many, 1,001 in one document as well', async () => {
  const lines = await postBatch(stack, toLines(chats(50_001)));
  expect(lines.status).toBe(400);
  const problem = await problemOf(lines);
  expect(problem.errors[0]?.pointer).toBe('/50000');
  expect(problem.detail).toContain('At most 50000 requests');
  const inline = await postBatch(stack, { requests: chats(1_001) });
  expect(inline.status).toBe(400);
  expect((await problemOf(inline)).errors[0]?.pointer).toBe('/requests');
});

test.each([
  ['a document of another shape', { requests: {} }, '/requests'],
  ['no requests', { requests: [] }, '/requests'],
  ['an unknown member', { requests: chats(1), priority: 'high' }, '/priority'],
  ['bad metadata', { requests: chats(1), metadata: { a: 1 } }, '/metadata/a'],
  ['a request that is no object', { requests: [...chats(2), 'x'] }, '/requests/2'],
  [
    'a long name',
    { requests: [{ ...chats(1)[0], custom_id: 'x'.repeat(65) }] },
    '/requests/0/custom_id',
  ],
  [
    'a line break in a name',
    { requests: [{ ...chats(1)[0], custom_id: 'a\nb' }] },
    '/requests/0/custom_id',
  ],
])('%s is refused', async (_name, body, pointer) => {
  const response = await postBatch(stack, body);
  expect(response.status).toBe(400);
  expect((await problemOf(response)).errors[0]?.pointer).toBe(pointer);
});

test('other media types and encodings are refused', async () => {
  const body = toLines(chats(1));
  for (const headers of [
    { 'content-type': 'text/plain' },
    { 'content-type': 'application/x-ndjson' },
  ]) {
    const response = await postBatch(stack, body, headers);
    expect(response.status).toBe(415);
    expect(response.headers.get('accept-post')).toBe('application/json, application/jsonl');
  }
  const zipped = await stack.request('/v1/batches', {
    method: 'POST',
    headers: { ...jsonLines, 'content-encoding': 'gzip' },
    body: gzipSync(body),
  });
  expect(zipped.status).toBe(415);
});

test('a client that hangs up in the middle leaves nothing', async () => {
  await new Promise<void>((resolve) => {
    const req = rawRequest(`${stack.api.url}/v1/batches`, { method: 'POST', headers: jsonLines });
    req.on('error', () => resolve());
    req.on('close', () => resolve());
    req.write(toLines(chats(2_000)));
    void until(
      'some of it is laid down',
      async () => (await stack.redis.keys(`${stack.prefix}:upload:*`)).length > 0,
    ).then(() => req.destroy());
  });
  const left = await until('nothing of it is left', async () => {
    const names = await stack.redis.keys(`${stack.prefix}:upload:*`);
    return names.length === 0 && names;
  });
  expect(left).toEqual([]);
});

test.each([
  'batch_1',
  'batch_01a1fbb51c1a7000801db1db53cd7ea0',
  'chat_01a1fbb51c1a70548f3db1db53cd7ea0',
])('the unknown batch %s is not found', async (id) => {
  for (const [method, path] of [
    ['GET', ''],
    ['GET', '/results'],
    ['POST', '/cancel'],
  ] as const) {
    expect(
      (await stack.request(`/v1/batches/${id}${path}`, { method, headers: json })).status,
    ).toBe(404);
  }
});
