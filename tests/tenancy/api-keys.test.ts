import { randomInt } from 'node:crypto';
import { connect } from 'node:net';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newApiKey, writeKeyEntry } from '@promptq/shared/api-keys';
import type { AuditEvent, PublicJob } from '@promptq/shared/contracts';
import { apiKeys, bearer, keyOf, type Key } from '#support/api-keys.ts';
import { problemOf } from '#support/problem.ts';
import { startApi, startProcess } from '#support/processes.ts';
import { startStack, type Stack } from '#support/stack.ts';
import { until } from '#support/until.ts';

const acme = keyOf('acme', ['jobs', 'audit']);
const acmeNext = keyOf('acme', ['jobs']);
const other = keyOf('other', ['jobs', 'audit']);
const auditor = keyOf('acme', ['audit']);
const admin = keyOf('operators', ['admin']);

let stack: Stack;
let directory: string;
let file: string;
beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'promptq-keys-'));
  file = path.join(directory, 'keys');
  await writeFile(file, `# rotated in May\n${writeKeyEntry(acmeNext.entry)}\n`);
  stack = await startStack({
    API_KEYS: apiKeys(acme, other, auditor, admin),
    API_KEYS_FILE: file,
  });
  await stack.worker();
});
afterAll(async () => {
  await stack.close();
  await rm(directory, { recursive: true });
});

function request(
  as: Key | null,
  where: string,
  init: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Response> {
  return stack.request(where, { ...init, headers: { ...init.headers, ...(as ? bearer(as) : {}) } });
}

function submit(as: Key | null, more: object = {}): Promise<Response> {
  return request(as, '/v1/jobs', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ type: 'chat', input: { message: 'hi' }, ...more }),
  });
}

test('without a key, and with an invalid one, the answer is 401 and says how', async () => {
  const missing = await submit(null);
  expect(missing.status).toBe(401);
  expect(missing.headers.get('www-authenticate')).toBe('Bearer realm="promptq"');
  expect((await problemOf(missing)).code).toBe('unauthorized');
  for (const authorization of [
    'Bearer',
    'Bearer x',
    `Basic ${acme.key}`,
    acme.key,
    `Bearer ${acme.key}x`,
  ]) {
    const response = await stack.request('/v1/jobs/chat_1', { headers: { authorization } });
    expect(response.status, authorization).toBe(401);
    expect(response.headers.get('www-authenticate')).toContain('invalid_token');
  }
  for (const open of ['/healthz', '/readyz', '/openapi.json', '/docs'])
    expect((await stack.request(open)).status, open).toBe(200);
});

test('of 10,000 random, truncated, changed and revoked keys none is let in', async () => {
  const changed = ({ key }: Key) => {
    const at = randomInt(3, key.length);
    const put = key[at] === 'a' ? 'b' : 'a';
    return key.slice(0, at) + put + key.slice(at + 1);
  };
  const makers = [
    () => newApiKey().key,
    () => acme.key.slice(0, randomInt(1, acme.key.length - 1)),
    () => changed(acme),
    () => acme.key.slice(0, 16) + newApiKey().key.slice(16),
    () => `pq_${'x'.repeat(randomInt(1, 200))}`,
  ];
  let refused = 0;
  const lane = async (n: number) => {
    for (let at = n; at < 10_000; at += 20) {
      const key = (makers[at % makers.length] as () => string)();
      const response = await fetch(`${stack.api.url}/v1/jobs/chat_1`, { headers: bearer({ key }) });
      await response.arrayBuffer();
      if (response.status === 401) refused += 1;
    }
  };
  await Promise.all(Array.from({ length: 20 }, (_, n) => lane(n)));
  expect(refused).toBe(10_000);
});

test('two Authorization headers, or one of 64 KiB, let nobody in', async () => {
  const { port } = new URL(stack.api.url);
  const ask = (headers: string[]) =>
    new Promise<string>((resolve) => {
      const socket = connect(Number(port), '127.0.0.1');
      let answer = '';
      socket.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk));
      socket.on('close', () => resolve(answer)).on('error', () => undefined);
      socket.write(
        ['GET /v1/jobs/chat_1 HTTP/1.1', 'Host: x', 'Connection: close', ...headers, '', ''].join(
          '\r\n',
        ),
      );
    });
  const good = `Authorization: Bearer ${acme.key}`;
  expect(await ask([good])).toMatch(/^HTTP\/1.1 404 /);
  expect(await ask([good, `Authorization: Bearer ${other.key}`])).toMatch(/^HTTP\/1.1 401 /);
  expect(await ask([good, good])).toMatch(/^HTTP\/1.1 401 /);
  // Node.js closes the connection while the header still comes, so its answer can be lost on the way.
  expect(await ask([`Authorization: Bearer ${'x'.repeat(65_536)}`])).toMatch(/^$|^HTTP\/1.1 431 /);
});

test('a scope that is missing is named', async () => {
  const response = await submit(auditor);
  expect(response.status).toBe(403);
  const problem = await problemOf(response);
  expect(problem).toMatchObject({
    code: 'scope_missing',
    detail: expect.stringContaining('"jobs"'),
  });
  expect((await request(acmeNext, '/v1/audit')).status).toBe(403);
  expect((await request(auditor, '/v1/audit')).status).toBe(200);
});

test('a tenant sees its own jobs and events, admin the events of all', async () => {
  const mine = (await (await submit(acme)).json()) as PublicJob;
  const theirs = (await (await submit(other)).json()) as PublicJob;
  const eventsOf = async (as: Key, query = '') =>
    ((await (await request(as, `/v1/audit${query}`)).json()) as { data: AuditEvent[] }).data;
  await until('both are audited', async () => (await eventsOf(admin)).length >= 2);
  expect((await request(acmeNext, mine.urls.self)).status, 'another key of the tenant').toBe(200);
  for (const [where, method] of [
    [theirs.urls.self, 'GET'],
    [theirs.urls.cancel, 'POST'],
    [`${theirs.urls.self}/retry`, 'POST'],
    [`${theirs.urls.self}/deliveries`, 'GET'],
  ] as const) {
    const response = await request(acme, where, { method });
    expect(response.status, where).toBe(404);
    const unknown = where.replace(theirs.id, `chat_${'0'.repeat(32)}`);
    const problems = [response, await request(acme, unknown, { method })].map(problemOf);
    const [a, b] = await Promise.all(problems);
    expect(a?.detail, 'as if there were none').toBe(b?.detail);
  }
  expect((await eventsOf(acme)).map(({ job_id }) => job_id)).toEqual([mine.id]);
  expect(await eventsOf(acme, `?job_id=${theirs.id}`)).toEqual([]);
  const [event] = await eventsOf(other);
  expect(event).toMatchObject({ job_id: theirs.id, tenant: 'other' });
  expect((await request(acme, `/v1/audit?after=${event?.id}`)).status).toBe(400);
  expect(new Set((await eventsOf(admin)).map(({ tenant }) => tenant))).toEqual(
    new Set(['acme', 'other']),
  );
});

test('a key that is taken out of the file is dead without a restart; a faulty file changes nothing', async () => {
  const replace = async (text: string) => {
    await writeFile(`${file}.new`, text);
    await rename(`${file}.new`, file);
  };
  const asks = async (as: Key) => (await request(as, '/v1/jobs/chat_1')).status;
  expect(await asks(acmeNext)).toBe(404);
  await replace('this is no entry');
  await until('the fault is logged', () =>
    stack.api.log.some(({ fault }) => String(fault).includes('entry 1')),
  );
  expect(await asks(acmeNext)).toBe(404);
  const newest = keyOf('acme', ['jobs']);
  await replace(writeKeyEntry(newest.entry));
  await until('the new key is valid', async () => (await asks(newest)) === 404);
  expect(await asks(acmeNext)).toBe(401);
  expect(await asks(acme), 'those of API_KEYS stay').toBe(404);
  expect(JSON.stringify(stack.api.log)).not.toContain(acme.key);
});

test('without keys the API does not listen beyond this machine, unless that is set', async () => {
  const { REDIS_URL, REDIS_PREFIX } = stack.environment;
  const settings = { REDIS_URL: String(REDIS_URL), REDIS_PREFIX: String(REDIS_PREFIX), PORT: '0' };
  const refused = startProcess('packages/api/src/main.ts', { ...settings, HOST: '0.0.0.0' });
  expect((await refused.exited).code).toBe(1);
  expect(refused.text.join('\n')).toMatch(/HOST: .*API_KEYS.*keygen api/);
  for (const [name, value] of [
    ['API_KEYS', 'nonsense'],
    ['API_KEYS_FILE', `${file}.none`],
  ] as const) {
    const faulty = startProcess('packages/api/src/main.ts', { ...settings, [name]: value });
    expect((await faulty.exited).code).toBe(1);
    expect(faulty.text.join('\n') + JSON.stringify(faulty.log)).toContain(name);
  }
  const open = await startApi({ ...settings, HOST: '0.0.0.0', API_OPEN: 'true' });
  expect(open.log.some(({ msg }) => msg.includes('NO AUTHENTICATION'))).toBe(true);
  await open.kill('SIGTERM');
});
