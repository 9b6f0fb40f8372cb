import { afterAll, beforeAll, expect, test } from 'vitest';
import { newWebhookSecret } from '@promptq/shared/webhooks';
import { problemOf } from '#support/problem.ts';
import { startApi } from '#support/processes.ts';
import { startStack, type Stack } from '#support/stack.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({
    WEBHOOK_SECRET: newWebhookSecret(),
    WEBHOOK_ALLOWED_HOSTS: 'receiver.internal,10.1.0.0/16',
  });
});
afterAll(() => stack.close());

function submit(url: string): Promise<Response> {
  return stack.request('/v1/jobs', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ type: 'chat', input: { message: 'hi' }, webhook: { url } }),
  });
}

test.each(['', 'not a url', 'ftp://example.com/', 'https://u:p@example.com/'])(
  '%j is no URL of a webhook: 400',
  async (url) => {
    const response = await submit(url);
    expect(response.status).toBe(400);
    const problem = await problemOf(response);
    expect(problem.code).toBe('invalid_request');
    expect(problem.errors[0]?.pointer).toBe('/webhook/url');
  },
);

test.each([
  'https://127.0.0.1/',
  'https://localhost/',
  'https://[::1]/',
  'https://[::ffff:127.0.0.1]/',
  'https://[::ffff:7f00:1]/',
  'https://2130706433/',
  'https://0x7f.1/',
  'https://0.0.0.0/',
  'https://[::]/',
  'https://127.0.0.1./',
  'https://localhost./',
  'https://169.254.169.254/latest/meta-data/',
  'https://[fd00::1]/',
  'https://[fe80::1]/',
  'https://100.64.0.1/',
  'https://[64:ff9b::7f00:1]/',
  'https://[2002:7f00:1::]/',
  'https://168.63.129.16/',
  'https://10.2.0.1/',
  'http://93.184.216.34/',
])('%s is not an allowed receiver: 403', async (url) => {
  const response = await submit(url);
  expect(response.status).toBe(403);
  const problem = await problemOf(response);
  expect(problem.code).toBe('webhook_forbidden');
  expect(problem.errors[0]?.pointer).toBe('/webhook/url');
});

test.each(['https://93.184.216.34/', 'http://receiver.internal:8080/', 'http://10.1.2.3/'])(
  '%s is an allowed receiver',
  async (url) => {
    expect((await submit(url)).status).toBe(202);
  },
);

test('without a secret no webhook is taken, and the answer says what to set', async () => {
  const api = await startApi({ ...stack.environment, WEBHOOK_SECRET: '' });
  const response = await fetch(`${api.url}/v1/jobs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      type: 'chat',
      input: { message: 'hi' },
      webhook: { url: 'https://example.com/' },
    }),
  });
  expect(response.status).toBe(400);
  const problem = await problemOf(response);
  expect(problem.errors[0]).toMatchObject({
    pointer: '/webhook',
    detail: expect.stringContaining('WEBHOOK_SECRET'),
  });
  await api.kill('SIGTERM');
});
