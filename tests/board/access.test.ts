import { afterAll, beforeAll, expect, test } from 'vitest';
import { apiKeys, bearer, keyOf } from '#support/api-keys.ts';
import { boardPath as base } from '#support/board.ts';
import { startStack, type Stack } from '#support/stack.ts';
import { until } from '#support/until.ts';

const admin = keyOf('operators', ['admin']);
const user = keyOf('acme', ['jobs', 'audit']);

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ QUEUE_BOARD: 'true', API_KEYS: apiKeys(admin, user) });
});
afterAll(() => stack.close());

const fetchBoard = (path: string, more: RequestInit = {}) =>
  fetch(`${stack.api.url}${base}${path}`, { headers: bearer(admin), ...more });

const basic = (text: string) => ({
  authorization: `Basic ${Buffer.from(text, 'utf8').toString('base64')}`,
});

test('an admin key opens it, as a token or as the password of any user; nothing else does', async () => {
  const statusWith = async (headers: RequestInit['headers']) =>
    (await fetchBoard('', { headers: headers ?? {} })).status;
  expect(await statusWith(bearer(admin))).toBe(200);
  expect(await statusWith(basic(`anybody:${admin.key}`))).toBe(200);
  expect(await statusWith(basic(`:${admin.key}`))).toBe(200);
  expect(await statusWith(basic(`anybody:${user.key}`))).toBe(403);
  expect(await statusWith(bearer(user))).toBe(403);
  for (const bad of [
    basic(`${admin.key}:`),
    basic(admin.key),
    basic(`anybody:${admin.key}x`),
    basic(`anybody:x:${admin.key}`),
    basic(`anybody:${keyOf('operators', ['admin']).key}`),
    { authorization: `Basic ${admin.key}` },
    { authorization: 'Basic' },
    { authorization: `${bearer(admin).authorization}, ${bearer(admin).authorization}` },
  ]) {
    expect(await statusWith(bad), JSON.stringify(bad)).toBe(401);
  }
  const paths = ['', '/', '/api/queues', '/api/nothing', '/static/favicon.ico', '/../queues/'];
  for (const path of paths) {
    const response = await fetchBoard(path, { headers: {} });
    expect(response.status, path).toBe(401);
    const challenge = response.headers.get('www-authenticate');
    expect(challenge, path).toBe('Basic realm="promptq", charset="UTF-8"');
    expect(await response.json()).toMatchObject({ code: 'unauthorized' });
  }
});

test('nowhere else is a password a key', async () => {
  for (const path of ['/v1/queues', '/v1/jobs', '/v1/audit']) {
    const response = await stack.request(path, { headers: basic(`anybody:${admin.key}`) });
    expect(response.status, path).toBe(401);
    expect(response.headers.get('www-authenticate')).toMatch(/^Bearer /);
  }
});

test('the page loads its own files and nothing from elsewhere', async () => {
  const page = await fetchBoard('');
  expect(page.headers.get('content-type')).toMatch(/^text\/html/);
  expect(page.headers.get('cache-control')).toBe('no-store');
  expect(page.headers.get('x-request-id')).not.toBeNull();
  expect(page.headers.get('x-content-type-options')).toBe('nosniff');
  const policy = page.headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toMatch(/https?:/);
  const html = await page.text();
  const links = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link]) => link as string);
  expect(links).toContain(`${base}/`);
  for (const link of links) {
    const url = new URL(link, `${stack.api.url}${base}/`);
    expect(url.origin, link).toBe(stack.api.url);
    expect((await fetch(url, { headers: bearer(admin) })).status, link).toBe(200);
  }
});

test('its paths make no labels, and it does not hold up the end of the process', async () => {
  const text = await (await fetch(`${stack.api.url}/metrics`)).text();
  expect(text).toContain('route="other"');
  expect(text).not.toContain(base);
  const asking = until('the process has ended', async () => {
    const answer = await fetchBoard('/api/queues?activeQueue=chat').catch(() => null);
    return answer === null;
  });
  expect((await stack.api.kill('SIGTERM')).code).toBe(0);
  await asking;
});
