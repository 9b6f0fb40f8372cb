import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { startStack, type Stack } from '#support/stack.ts';
import { startTcpProxy, type TcpProxy } from '#support/tcp-proxy.ts';
import { until } from '#support/until.ts';

let stack: Stack;
let proxy: TcpProxy;
beforeEach(async () => {
  const real = new URL(inject('redisUrl'));
  proxy = await startTcpProxy({ host: real.hostname, port: Number(real.port || 6379) });
  const through = new URL(real);
  through.hostname = '127.0.0.1';
  through.port = String(proxy.port);
  stack = await startStack({ REDIS_URL: through.href });
});
afterEach(async () => {
  await stack.close();
  await proxy.close();
});

const submit = () =>
  stack.request('/v1/jobs', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ type: 'chat', input: { message: 'x' } }),
  });

for (const outage of ['down', 'swallow'] as const) {
  test(`while Redis is away (${outage}) every route answers 503 with Retry-After; then all goes on without a restart`, async () => {
    const worker = await stack.worker();
    const before = await stack.submit({ type: 'chat', input: { message: 'before' } });
    await stack.finished(before.id);

    // A job is in the middle of its call when Redis goes away: its result must not be lost.
    const release = Promise.withResolvers<string>();
    stack.upstream.answerWith((call) =>
      call.body.messages[0]?.content === 'held' ? release.promise : 'done',
    );
    const calls = stack.upstream.calls.length;
    const held = await stack.submit({ type: 'chat', input: { message: 'held' } });
    await until('the call is under way', () => stack.upstream.calls.length > calls);

    await proxy[outage]();
    for (const ask of [
      submit,
      () => stack.request(`/v1/jobs/${before.id}`),
      () => stack.request('/v1/audit'),
      () => stack.request('/readyz'),
    ]) {
      const response = await ask();
      expect(response.status).toBe(503);
      expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(await response.json()).toMatchObject({ code: 'redis_unavailable' });
    }
    expect((await stack.request('/healthz')).status).toBe(200);
    release.resolve('kept');

    await proxy.up();
    await until(
      'the API is ready again',
      async () => (await stack.request('/readyz')).status === 200,
    );
    expect(await stack.finished(held.id)).toMatchObject({
      status: 'completed',
      attempt: 1,
      output: { response: 'kept' },
    });
    const after = await stack.submit({ type: 'chat', input: { message: 'after' } });
    expect((await stack.finished(after.id)).status).toBe('completed');
    const events = await until('all are audited', async () => {
      const seen = await stack.auditEvents();
      return seen.length >= 3 && seen;
    });
    // What was answered 503 may have been accepted all the same, when only the answer was lost.
    expect(events.length).toBeLessThanOrEqual(4);
    expect(new Set(events.map(({ job_id }) => job_id)).size).toBe(events.length);
    expect(await worker.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    expect([...stack.api.text, ...worker.text], 'nothing but log lines was printed').toEqual([]);
  });
}

test('connections that fall silent without a word are given up, and all goes on', async () => {
  const worker = await stack.worker();
  await stack.finished((await stack.submit({ type: 'chat', input: { message: 'before' } })).id);
  proxy.swallowOpen();
  await until('the API serves again', async () => (await stack.request('/readyz')).status === 200);
  const { id } = await stack.submit({ type: 'chat', input: { message: 'after' } });
  expect((await stack.finished(id)).status).toBe('completed');
  await until('it is audited', async () =>
    (await stack.auditEvents()).some(({ job_id }) => job_id === id),
  );
  const { id: cancelled } = await stack.submit({ type: 'chat', input: { message: 'held' } });
  await stack.request(`/v1/jobs/${cancelled}/cancel`, { method: 'POST' });
  await stack.finished(cancelled);
  expect(await worker.kill('SIGTERM')).toEqual({ code: 0, signal: null });
});
