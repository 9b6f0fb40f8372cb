import { connect } from 'node:net';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { startProcess } from '#support/processes.ts';
import { startStack, type Stack } from '#support/stack.ts';
import { startTcpProxy } from '#support/tcp-proxy.ts';
import { until } from '#support/until.ts';

let stack: Stack;
beforeEach(async () => {
  stack = await startStack();
});
afterEach(() => stack.close());

test('a worker that is told to stop finishes its jobs, each with its audit event, and exits with 0', async () => {
  const release = Promise.withResolvers<void>();
  stack.upstream.answerWith(async () => {
    await release.promise;
    return 'done';
  });
  const worker = await stack.worker({ WORKER_CONCURRENCY: '5' });
  const ids = await Promise.all(
    Array.from(
      { length: 10 },
      async () => (await stack.submit({ type: 'chat', input: { message: 'x' } })).id,
    ),
  );
  await until('five are in flight', () => stack.upstream.calls.length === 5);
  const exited = worker.kill('SIGTERM');
  await until('it is stopping', () => worker.log.find(({ msg }) => msg === 'stopping'));
  release.resolve();
  expect(await exited).toEqual({ code: 0, signal: null });
  const statuses = await Promise.all(ids.map(async (id) => (await stack.get(id)).status));
  expect(statuses.filter((status) => status === 'completed').length).toBe(5);
  expect(statuses.filter((status) => status === 'queued').length).toBe(5);
  expect((await stack.auditEvents()).length).toBe(5);
});

test('what does not end within the grace goes back at once, with no attempt spent', async () => {
  stack.upstream.answerWith(() => undefined);
  const worker = await stack.worker({ SHUTDOWN_GRACE_SECONDS: '4' });
  const chat = await stack.submit({ type: 'chat', input: { message: 'x' } });
  const analysis = await stack.submit({ type: 'analysis', input: { text: 'x' } });
  await until('both are in flight', () => stack.upstream.calls.length === 4);
  expect(await worker.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  expect(stack.upstream.calls.every(({ disconnected }) => disconnected.aborted)).toBe(true);
  for (const { id } of [chat, analysis]) {
    expect(await stack.get(id)).toMatchObject({
      status: 'queued',
      attempt: 0,
      next_attempt_at: null,
    });
  }
  stack.upstream.answerWith(() => 'done');
  await stack.worker();
  for (const { id } of [chat, analysis]) {
    expect(await stack.finished(id)).toMatchObject({ status: 'completed', attempt: 1 });
  }
});

test('a second signal ends a worker at once', async () => {
  stack.upstream.answerWith(() => undefined);
  const worker = await stack.worker();
  await stack.submit({ type: 'chat', input: { message: 'x' } });
  await until('it is in flight', () => stack.upstream.calls.length === 1);
  void worker.kill('SIGTERM');
  await until('it is stopping', () => worker.log.find(({ msg }) => msg === 'stopping'));
  expect(await worker.kill('SIGINT')).toEqual({ code: 1, signal: null });
});

test('the API answers its open requests, then exits with 0, whatever clients keep open', async () => {
  const { hostname, port } = new URL(stack.api.url);
  const idle = connect(Number(port), hostname);
  await stack.request('/healthz');
  // Half a request: the API still has to answer it.
  const open = connect(Number(port), hostname);
  const body = JSON.stringify({ type: 'chat', input: { message: 'x' } });
  open.write(
    `POST /v1/jobs HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nExpect: 100-continue\r\n\r\n`,
  );
  let answer = '';
  open.on('data', (chunk) => (answer += chunk.toString()));
  await until('the API has begun to read it', () => answer.includes('100 Continue'));
  const exited = stack.api.kill('SIGTERM');
  await until('it is stopping', () => stack.api.log.find(({ msg }) => msg === 'stopping'));
  open.write(body);
  expect(await exited).toEqual({ code: 0, signal: null });
  expect(answer).toContain('202 Accepted');
  expect(answer.toLowerCase()).toContain('connection: close');
  idle.destroy();
});

test('faulty settings are all told at once, without their values, and the exit code is 1', async () => {
  const api = startProcess('packages/api/src/main.ts', {
    REDIS_URL: 'http://user:secret-value@x',
    PORT: '70000',
    LOG_LEVEL: 'loud',
    REDIS_PREFIX: 'promptq',
    JOB_ATTEMPTS: '-1',
  });
  expect(await api.exited).toEqual({ code: 1, signal: null });
  const text = api.text.join('\n');
  for (const name of ['REDIS_URL', 'PORT', 'LOG_LEVEL', 'REDIS_PREFIX', 'JOB_ATTEMPTS']) {
    expect(text).toContain(`- ${name}: must be`);
  }
  expect(text).not.toContain('secret-value');
  expect(text).not.toContain('    at ');

  const worker = startProcess('packages/worker/src/main.ts', {
    WORKER_TYPES: 'chat,poems',
    WORKER_CONCURRENCY: '1.5',
    UPSTREAM_RPM: 'gpt-4o:many',
    UPSTREAM_TPM: '-1',
    OPENAI_BASE_URL: '',
  });
  expect(await worker.exited).toEqual({ code: 1, signal: null });
  const invalid = [
    'WORKER_TYPES',
    'WORKER_CONCURRENCY',
    'UPSTREAM_RPM',
    'UPSTREAM_TPM',
    'OPENAI_API_KEY',
  ];
  for (const name of invalid) {
    expect(worker.text.join('\n')).toContain(`- ${name}`);
  }
});

test('a port that is taken ends the API with the reason', async () => {
  const { port } = new URL(stack.api.url);
  const second = startProcess('packages/api/src/main.ts', {
    REDIS_URL: inject('redisUrl'),
    PORT: port,
  });
  expect(await second.exited).toEqual({ code: 1, signal: null });
  expect(second.log.find(({ msg }) => msg === 'could not start')?.['reason']).toContain(
    'EADDRINUSE',
  );
});

test('a service that waits for Redis says so and stops on SIGTERM', async () => {
  const api = startProcess('packages/api/src/main.ts', {
    REDIS_URL: 'redis://127.0.0.1:1',
    PORT: '0',
  });
  await until('it says that Redis is not reachable', () =>
    api.log.find(({ msg }) => msg.startsWith('Redis is not reachable')),
  );
  const { port } = await until('it listens', () => api.log.find(({ msg }) => msg === 'listening'));
  const url = `http://127.0.0.1:${String(port)}`;
  expect((await fetch(`${url}/healthz`)).status, 'the process lives').toBe(200);
  for (const path of ['/readyz', '/v1/audit', '/v1/jobs/chat_1']) {
    const response = await fetch(`${url}${path}`);
    expect(response.status).toBe(503);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
  }
  expect(await api.kill('SIGTERM')).toEqual({ code: 0, signal: null });
});

test.each([
  ['a wrong password', { username: 'nobody', password: 'wrong' }, 'WRONGPASS'],
  ['a database that is not there', { pathname: '/9999' }, 'database 9999'],
])('%s in REDIS_URL ends a service with the reason', async (_, fault, reason) => {
  const url = Object.assign(new URL(inject('redisUrl')), fault);
  const environment = { ...stack.environment, REDIS_URL: url.href };
  for (const service of ['api', 'worker']) {
    const process = startProcess(`packages/${service}/src/main.ts`, { ...environment, PORT: '0' });
    expect(await process.exited).toEqual({ code: 1, signal: null });
    const line = process.log.find(({ msg }) => msg === 'could not start');
    expect(line?.['reason']).toContain(reason);
    expect(JSON.stringify(process.log)).not.toContain(':wrong');
  }
});

test('an idle worker that is asked to stop while Redis is away ends at once', async () => {
  const real = new URL(inject('redisUrl'));
  const proxy = await startTcpProxy({ host: real.hostname, port: Number(real.port || 6379) });
  const through = new URL(real);
  through.host = `127.0.0.1:${proxy.port}`;
  const worker = await stack.worker({ REDIS_URL: through.href, SHUTDOWN_GRACE_SECONDS: '600' });
  await proxy.down();
  await until('it knows', () =>
    worker.log.find(({ msg }) => msg.startsWith('Redis is not reachable')),
  );
  expect(await worker.kill('SIGTERM')).toEqual({ code: 0, signal: null });
});

test('a Redis that may lose jobs is warned about when a service starts', async () => {
  const warning = (service: { log: { msg: string }[] }, start: string) =>
    service.log.find(({ msg }) => msg.startsWith(start));
  const info = await stack.redis.info();
  const worker = await stack.worker();
  expect(warning(worker, 'REDIS KEEPS NO APPEND-ONLY FILE') !== undefined).toBe(
    info.includes('aof_enabled:0'),
  );
  expect(warning(worker, 'REDIS MAY EVICT JOBS') !== undefined).toBe(
    !info.includes('maxmemory_policy:noeviction'),
  );
});
