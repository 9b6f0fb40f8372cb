import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import type { PublicJob } from '@promptq/shared/contracts';
import { beforeAWaitEnds } from '#support/before-a-wait-ends.ts';
import { startApi } from '#support/processes.ts';
import { json } from '#support/problem.ts';
import { startStack, type Stack } from '#support/stack.ts';
import { startTcpProxy } from '#support/tcp-proxy.ts';
import { until } from '#support/until.ts';

let stack: Stack;
beforeEach(async () => {
  stack = await startStack();
});
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await stack.close();
});

const submission = JSON.stringify({ type: 'chat', input: { message: 'x' } });
const jobOf = async (response: Response) => (await response.json()) as PublicJob;

/** How many jobs somebody has subscribed to. */
async function countSubscriptions(): Promise<number> {
  const channels = await stack.redis.pubsub('CHANNELS', `${stack.prefix}:live:*`);
  return (channels as string[]).length;
}

/** A job that an upstream holds until it is released. */
async function heldJob() {
  const release = Promise.withResolvers<string>();
  stack.upstream.answerWith(() => release.promise);
  const { id } = await stack.submit({ type: 'chat', input: { message: 'held' } });
  return { id, release: () => release.resolve('done') };
}

async function behindProxy() {
  const real = new URL(inject('redisUrl'));
  const proxy = await startTcpProxy({ host: real.hostname, port: Number(real.port || 6379) });
  const through = new URL(real);
  through.host = `127.0.0.1:${proxy.port}`;
  const api = await startApi({ ...stack.environment, REDIS_URL: through.href });
  closing.push(
    () => api.kill('SIGKILL'),
    () => proxy.close(),
  );
  return { proxy, api };
}

test.each(['down', 'swallow'] as const)(
  'while Redis is away (%s) whoever waits gets a 503; an accepted job is still an accepted one',
  async (outage) => {
    const { proxy, api } = await behindProxy();
    const { id } = await heldJob();
    const polled = fetch(`${api.url}/v1/jobs/${id}?wait=60`);
    const submitted = fetch(`${api.url}/v1/jobs`, {
      method: 'POST',
      headers: { ...json, prefer: 'wait=60' },
      body: submission,
    });
    await until('both are waited for', async () => (await countSubscriptions()) === 2);
    await proxy[outage]();
    const refused = await polled;
    expect(refused.status).toBe(503);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    const accepted = await submitted;
    expect(accepted.status).toBe(202);
    expect(accepted.headers.get('preference-applied')).toBeNull();
    expect((await fetch(`${api.url}/v1/jobs/${id}?wait=60`)).status).toBe(503);

    await proxy.up();
    await until('it is ready again', async () => (await fetch(`${api.url}/readyz`)).status === 200);
    await stack.worker();
    stack.upstream.answerWith(() => 'done');
    const { id: after } = await stack.submit({ type: 'chat', input: { message: 'after' } });
    const answered = await until('waiting works again', async () => {
      const response = await fetch(`${api.url}/v1/jobs/${after}?wait=60`);
      return response.status === 200 && response;
    });
    expect((await jobOf(answered)).status).toBe('completed');
  },
);

test('what happened while the connection was lost is read when it is back', async () => {
  const { proxy, api } = await behindProxy();
  const { id, release } = await heldJob();
  await stack.worker();
  const wait = () => fetch(`${api.url}/v1/jobs/${id}?wait=60`);
  const waiting = wait();
  await until('it is waited for', async () => (await countSubscriptions()) === 1);
  proxy.swallowOpen();
  release();
  await stack.finished(id);
  // On a busy machine the connections may be back too late for it: then it is answered 503, and asks again.
  const answered = async () => {
    let answer = await waiting;
    while (answer.status === 503) answer = await wait();
    return jobOf(answer);
  };
  expect((await beforeAWaitEnds(stack, answered())).status).toBe('completed');
});
