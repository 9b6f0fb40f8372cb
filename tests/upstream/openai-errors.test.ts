import OpenAI, {
  APIError,
  BadRequestError,
  ConflictError,
  InternalServerError,
  NotFoundError,
  UnprocessableEntityError,
} from 'openai';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { startStack, type Stack } from '#support/stack.ts';
import { startTcpProxy, type TcpProxy } from '#support/tcp-proxy.ts';

let stack: Stack;
let proxy: TcpProxy;
let client: OpenAI;
let sent = 0;

beforeAll(async () => {
  const through = new URL(inject('redisUrl'));
  proxy = await startTcpProxy({ host: through.hostname, port: Number(through.port || 6379) });
  through.hostname = '127.0.0.1';
  through.port = String(proxy.port);
  stack = await startStack({ REDIS_URL: through.href });
  client = new OpenAI({
    apiKey: 'pq_test',
    baseURL: `${stack.api.url}/v1`,
    maxRetries: 2,
    fetch: (input, init) => {
      sent += 1;
      return fetch(input, init);
    },
  });
});
afterAll(async () => {
  await stack.close();
  await proxy.close();
});

const chat = { type: 'chat', input: { message: 'hi' } };

/** What the SDK throws, with a request id that the caller chose. */
async function errorOf(
  method: 'get' | 'post',
  path: string,
  options: { body?: unknown; headers?: Record<string, string>; maxRetries?: number } = {},
): Promise<APIError> {
  const headers = { 'X-Request-Id': 'req-of-the-caller', ...options.headers };
  return client[method](path, { ...options, headers }).then(
    () => expect.unreachable('it should have failed'),
    (error: unknown) => {
      expect(error).toBeInstanceOf(APIError);
      return error as APIError;
    },
  );
}

/** Our problem document, asked for without the SDK. */
function expectOurs(error: APIError, status: number, code: string, param: string | null): void {
  expect(error).toMatchObject({
    status,
    code,
    param,
    type: status < 500 ? 'invalid_request_error' : 'server_error',
    requestID: 'req-of-the-caller',
  });
  // The SDK puts the status before our text; with neither text nor code it says "(no body)" or prints JSON.
  expect(error.message).toMatch(new RegExp(`^${status} [A-Z/][^{]+$`));
}

test('an invalid member', async () => {
  const body = { type: 'chat', input: { message: 'hi', temperature: 9 } };
  const error = await errorOf('post', '/jobs', { body });
  expect(error).toBeInstanceOf(BadRequestError);
  expectOurs(error, 400, 'invalid_request', 'input.temperature');
  expect(error.message).toContain('/input/temperature');
});

test('a body that is no JSON', async () => {
  const error = await errorOf('post', '/jobs', { body: new TextEncoder().encode('{"type":') });
  // The SDK sends bytes as they are, under a media type that is not ours.
  expectOurs(error, 415, 'unsupported_media_type', null);
  const asJson = await errorOf('post', '/jobs', {
    body: new TextEncoder().encode('{"type":'),
    headers: { 'Content-Type': 'application/json' },
  });
  expect(asJson).toBeInstanceOf(BadRequestError);
  expectOurs(asJson, 400, 'malformed_json', null);
});

test('a job that is not there', async () => {
  const error = await errorOf('get', '/jobs/chat_01a1fbb51c1a70548f3db1db53cd7ea0');
  expect(error).toBeInstanceOf(NotFoundError);
  expectOurs(error, 404, 'not_found', null);
});

test('a method that is not possible', async () => {
  const error = await errorOf('post', '/audit');
  expect(error).toBeInstanceOf(APIError);
  expectOurs(error, 405, 'method_not_allowed', null);
});

test('a conflict, which the SDK does not try again because we say so', async () => {
  const job = await stack.submit(chat);
  const before = sent;
  const error = await errorOf('post', `/jobs/${job.id}/retry`);
  expect(error).toBeInstanceOf(ConflictError);
  expectOurs(error, 409, 'job_not_retryable', null);
  expect(sent - before).toBe(1);
});

test('a body that is too large', async () => {
  const body = { type: 'chat', input: { message: 'x'.repeat(2 * 1024 * 1024) } };
  const error = await errorOf('post', '/jobs', { body });
  expect(error).toBeInstanceOf(APIError);
  expectOurs(error, 413, 'body_too_large', null);
});

test('an Idempotency-Key that was used for something else', async () => {
  const headers = { 'Idempotency-Key': 'k' };
  await client.post('/jobs', { body: chat, headers });
  const body = { type: 'chat', input: { message: 'ho' } };
  const error = await errorOf('post', '/jobs', { body, headers });
  expect(error).toBeInstanceOf(UnprocessableEntityError);
  expectOurs(error, 422, 'idempotency_key_reused', null);
});

test('an outage', async () => {
  const { id } = await client.post<{ id: string }>('/jobs', { body: chat });
  await proxy.down();
  const error = await errorOf('get', `/jobs/${id}`, { maxRetries: 0 });
  await proxy.up();
  expect(error).toBeInstanceOf(InternalServerError);
  expectOurs(error, 503, 'redis_unavailable', null);
  expect(error.headers?.get('retry-after')).toMatch(/^\d+$/);
});
