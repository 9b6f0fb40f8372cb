import type { ServerResponse } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { PromptQ, type PromptQError } from '@promptq/client';
import { startLocalServer, type LocalServer } from '#support/local-server.ts';
import { sendJson } from '#support/upstream.ts';

let server: LocalServer;
afterEach(() => server.close());

const job = { id: 'chat_1', object: 'job', type: 'chat', status: 'queued' };
const request = { type: 'chat', input: { message: 'hi' } } as const;
const accepted = (res: ServerResponse) => sendJson(res, 202, job);
const hangsUp = (res: ServerResponse) => void res.destroy();
const problem =
  (status: number, code: string, headers: Record<string, string> = {}) =>
  (res: ServerResponse) =>
    sendJson(res, status, { code, detail: `${code} it is`, errors: [] }, headers);

async function clientOf(
  answers: Parameters<typeof startLocalServer>[0],
  options: Partial<ConstructorParameters<typeof PromptQ>[0]> = {},
): Promise<PromptQ> {
  server = await startLocalServer(answers);
  return new PromptQ({ baseUrl: server.url, ...options });
}

const failure = (calling: Promise<unknown>) =>
  calling.then(
    () => expect.unreachable('it should have failed'),
    (error: unknown) => error as PromptQError,
  );

test('a submission that was cut off, limited and refused is one submission: the same key and body each time', async () => {
  const retries: number[] = [];
  const client = await clientOf(
    [
      hangsUp,
      problem(429, 'queue_full', { 'retry-after': '0' }),
      problem(503, 'redis_unavailable', { 'retry-after': '0' }),
      accepted,
    ],
    { onRetry: ({ retry }) => retries.push(retry) },
  );
  expect(await client.submit(request)).toEqual(job);
  expect(retries).toEqual([1, 2, 3]);
  expect(new Set(server.calls.map(({ body }) => body))).toEqual(new Set([JSON.stringify(request)]));
  const keys = new Set(server.calls.map(({ headers }) => headers['idempotency-key']));
  expect(keys.size).toBe(1);
  expect([...keys][0]).toMatch(/^[0-9a-f-]{36}$/);
  await client.submit(request);
  expect(server.calls.at(-1)?.headers['idempotency-key']).not.toBe([...keys][0]);
  await client.submit(request, { idempotencyKey: 'mine', wait: 7 });
  expect(server.calls.at(-1)?.headers).toMatchObject({
    'idempotency-key': 'mine',
    prefer: 'wait=7',
  });
});

test('it asks at most so often, and then says what the last answer was', async () => {
  const client = await clientOf(
    [problem(503, 'redis_unavailable', { 'retry-after': '0', 'x-request-id': 'r-1' })],
    { maxRetries: 2 },
  );
  expect(await failure(client.get('chat_1'))).toMatchObject({
    name: 'PromptQError',
    code: 'redis_unavailable',
    status: 503,
    detail: 'redis_unavailable it is',
    requestId: 'r-1',
    retryAfterMs: 0,
  });
  expect(server.calls).toHaveLength(3);
});

test.each([
  ['a conflict', problem(409, 'job_not_retryable', { 'x-should-retry': 'false' })],
  ['an outage that says no', problem(503, 'x', { 'x-should-retry': 'false', 'retry-after': '0' })],
  ['an invalid request', problem(400, 'invalid_request')],
  ['a long pause', problem(429, 'rate_limited', { 'retry-after': '3600' })],
])('%s is not asked again', async (_name, answer) => {
  const client = await clientOf([answer]);
  await failure(client.submit(request));
  expect(server.calls).toHaveLength(1);
});

test('a retry is not sent again when it may have been carried out, but when it was refused', async () => {
  const client = await clientOf([
    hangsUp,
    problem(429, 'queue_full', { 'retry-after': '0' }),
    accepted,
  ]);
  expect(await failure(client.retry('chat_1'))).toMatchObject({
    code: 'unreachable',
    status: null,
  });
  expect(server.calls).toHaveLength(1);
  expect(await client.retry('chat_1')).toEqual(job);
  expect(server.calls).toHaveLength(3);
});

test('an answer that breaks off in its body is asked for again', async () => {
  const client = await clientOf([
    (res) => {
      res.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
      res.write('{"object":"job"', () => res.destroy());
    },
    accepted,
  ]);
  expect(await client.get('chat_1')).toEqual(job);
});

test('a server that never answers ends in request_timeout, one that is not there in unreachable', async () => {
  const client = await clientOf([() => undefined], { timeoutMs: 2_000, maxRetries: 1 });
  expect(await failure(client.get('chat_1'))).toMatchObject({ code: 'request_timeout' });
  expect(server.calls).toHaveLength(2);
  await server.close();
  const refused = await failure(new PromptQ({ baseUrl: server.url, maxRetries: 0 }).get('chat_1'));
  expect(refused).toMatchObject({ code: 'unreachable' });
  expect(refused.detail).toContain('ECONNREFUSED');
  server = await startLocalServer([]);
});

test('the signal ends a request and a pause, with its own reason', async () => {
  const reason = new Error('the page was closed');
  const asking = new AbortController();
  const client = await clientOf([() => asking.abort(reason)]);
  expect(await failure(client.get('chat_1', { signal: asking.signal }))).toBe(reason);
  expect(await failure(client.get('chat_1', { signal: asking.signal }))).toBe(reason);
  expect(server.calls).toHaveLength(1);
  await server.close();

  const pausing = new AbortController();
  const patient = await clientOf([problem(503, 'x', { 'retry-after': '60' })], {
    onRetry: () => pausing.abort(reason),
  });
  expect(await failure(patient.get('chat_1', { signal: pausing.signal }))).toBe(reason);
});

test.each([
  ['a page of a proxy', 200, '<html>'],
  ['another JSON', 200, '{"object":"chat.completion"}'],
  ['no JSON object', 200, 'null'],
])('%s is no answer of promptq, and the error says so', async (_name, status, text) => {
  const client = await clientOf([(res) => void res.writeHead(status).end(text)]);
  const error = await failure(client.get('chat_1'));
  expect(error).toMatchObject({ code: 'unexpected_answer', status });
  expect(error.detail).toContain('baseUrl');
});

test('a gateway without a problem document is retried and reported with its status', async () => {
  const client = await clientOf([(res) => void res.writeHead(502).end('<html>')], {
    maxRetries: 1,
  });
  expect(await failure(client.get('chat_1'))).toMatchObject({
    code: 'unexpected_answer',
    status: 502,
  });
  expect(server.calls).toHaveLength(2);
});

test('the key goes with every request, ids are escaped, a base URL may have a path', async () => {
  server = await startLocalServer([accepted]);
  const client = new PromptQ({ baseUrl: `${server.url}/queue/`, apiKey: 'pq_1' });
  await client.get('../admin?x=1');
  expect(server.calls[0]?.url).toBe('/queue/v1/jobs/..%2Fadmin%3Fx%3D1');
  expect(server.calls[0]?.headers.authorization).toBe('Bearer pq_1');
  for (const baseUrl of ['127.0.0.1:3000', 'ftp://x', ''])
    expect(() => new PromptQ({ baseUrl })).toThrow(TypeError);
});

test('lists go on through all pages, also through an empty one, and ask for no page too many', async () => {
  const page =
    (ids: string[], has_more: boolean, last_id: string | null) => (res: ServerResponse) =>
      sendJson(res, 200, { object: 'list', data: ids.map((id) => ({ id })), has_more, last_id });
  const client = await clientOf([
    page(['a', 'b'], true, 'b'),
    page([], true, 'x'),
    page(['c'], false, 'c'),
  ]);
  const seen: string[] = [];
  for await (const { id } of client.audit({ user_id: 'a&b', limit: 2 })) seen.push(id);
  expect(seen).toEqual(['a', 'b', 'c']);
  expect(server.calls.map(({ url }) => url)).toEqual([
    '/v1/audit?user_id=a%26b&limit=2',
    '/v1/audit?user_id=a%26b&limit=2&after=b',
    '/v1/audit?user_id=a%26b&limit=2&after=x',
  ]);
  for await (const { id } of client.list()) if (id === 'c') break;
  expect(server.calls).toHaveLength(4);
});

test('waiting holds requests, pauses when it is told to, and ends with the job or its time', async () => {
  const queued = (res: ServerResponse) => sendJson(res, 200, job, { 'openai-poll-after-ms': '50' });
  const client = await clientOf([
    queued,
    queued,
    (res) => sendJson(res, 200, { ...job, status: 'failed' }),
  ]);
  expect(await client.wait('chat_1')).toMatchObject({ status: 'failed' });
  expect(server.calls.map(({ url }) => url)).toEqual(Array(3).fill('/v1/jobs/chat_1?wait=60'));
  await server.close();
  const again = await clientOf([queued]);
  expect(await failure(again.wait('chat_1', { timeoutMs: 120 }))).toMatchObject({
    code: 'wait_timeout',
  });
  expect(server.calls.length).toBeLessThan(5);
});
