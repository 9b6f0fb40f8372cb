import { afterEach, beforeEach, expect, test } from 'vitest';
import type { PublicJob } from '@promptq/shared/contracts';
import { beforeAWaitEnds } from '#support/before-a-wait-ends.ts';
import { startApi } from '#support/processes.ts';
import { json, problemOf } from '#support/problem.ts';
import { startStack, type Stack } from '#support/stack.ts';
import { until } from '#support/until.ts';

let stack: Stack;
/** Both API processes of the stack. */
let apis: string[];
let closeSecond: () => Promise<unknown>;
beforeEach(async () => {
  stack = await startStack();
  const second = await startApi(stack.environment);
  closeSecond = () => second.kill('SIGKILL');
  apis = [stack.api.url, second.url];
});
afterEach(async () => {
  await closeSecond();
  await stack.close();
});

const submission = (more: object = {}) =>
  JSON.stringify({ type: 'chat', input: { message: 'x' }, ...more });
const submitAndWait = (prefer: string, more: object = {}, init: RequestInit = {}) =>
  stack.request('/v1/jobs', {
    method: 'POST',
    headers: { ...json, prefer },
    body: submission(more),
    ...init,
  });
const jobOf = async (response: Response) => (await response.json()) as PublicJob;

/** How many processes listen for the job. */
async function listeners(id: string): Promise<number> {
  const [, count] = await stack.redis.pubsub('NUMSUB', stack.keys.wakeUpChannel(id));
  return Number(count);
}

/** A job that an upstream holds until it is released. */
async function heldJob(more: object = {}) {
  const release = Promise.withResolvers<string>();
  stack.upstream.answerWith(() => release.promise);
  const { id } = await stack.submit({ type: 'chat', input: { message: 'held' }, ...more });
  return { id, release: () => release.resolve('done') };
}

const badWaits = ['-1', 'abc', '9999', '61', '1.5', '', ' 5', '5s', '007', '１'];

test('an invalid wait is refused with the name of the member, and nothing is accepted', async () => {
  const { id } = await stack.submit({ type: 'chat', input: { message: 'x' }, delay_seconds: 60 });
  const before = await stack.redis.zcard(stack.keys.delayed('chat'));
  for (const wait of badWaits) {
    const query = await stack.request(`/v1/jobs/${id}?wait=${encodeURIComponent(wait)}`);
    expect(query.status, wait).toBe(400);
    expect((await problemOf(query)).errors[0]?.pointer).toBe('/wait');
    if (!/^[\x20-\x7e]*$/.test(wait)) continue; // No header can carry it.
    for (const prefer of [`wait="${wait}"`, `respond-async, WAIT="${wait}"; x=1`]) {
      const header = await stack.request(`/v1/jobs/${id}`, { headers: { prefer } });
      expect(header.status, prefer).toBe(400);
      expect(await header.json()).toMatchObject({
        code: 'invalid_request',
        errors: [{ pointer: '/wait' }],
        error: { param: 'wait' },
      });
      expect((await submitAndWait(prefer, { delay_seconds: 60 })).status).toBe(400);
    }
  }
  expect(await stack.redis.zcard(stack.keys.delayed('chat'))).toBe(before);
});

test('a wait can stand among other preferences, which are ignored; the first counts', async () => {
  const { id } = await stack.submit({ type: 'chat', input: { message: 'x' }, delay_seconds: 60 });
  const applied = async (prefer: string) => {
    const response = await stack.request(`/v1/jobs/${id}`, { headers: { prefer } });
    expect(response.status).toBe(200);
    return response.headers.get('preference-applied');
  };
  for (const prefer of [
    'wait=0',
    'Wait = "0"',
    'respond-async, wait=0, wait=40',
    'foo="a, wait=9 \\" b"; wait=7, wait=0;x=y',
  ]) {
    expect(await applied(prefer), prefer).toBe('wait=0');
  }
  for (const prefer of ['respond-async', 'waiting=-1', 'foo="wait=-1"', '', ';;', '="']) {
    expect(await applied(prefer), prefer).toBeNull();
  }
  expect((await stack.request(`/v1/jobs/${id}?wait=1&wait=2`)).status).toBe(400);
  expect((await stack.request('/v1/jobs/chat_1?wait=9')).status).toBe(404);
});

test('a submission that waits is answered with the finished job, after its audit event', async () => {
  await Promise.all([stack.worker(), stack.worker()]);
  const response = await submitAndWait('wait=60');
  expect(response.status).toBe(200);
  expect(response.headers.get('preference-applied')).toBe('wait=60');
  const job = await jobOf(response);
  expect(job).toMatchObject({ status: 'completed', output: { response: 'hello' } });
  expect(response.headers.get('location')).toBe(`/v1/jobs/${job.id}`);
  expect(response.headers.get('retry-after')).toBeNull();
  expect((await stack.auditEvents()).map(({ job_id }) => job_id)).toEqual([job.id]);
});

test('a wait that is over is answered with the job as it is then', async () => {
  const accepted = await submitAndWait('wait=1');
  expect(accepted.status).toBe(202);
  expect(accepted.headers.get('preference-applied')).toBe('wait=1');
  expect(Number(accepted.headers.get('retry-after'))).toBeGreaterThan(0);
  const { id } = await jobOf(accepted);
  const polled = await stack.request(`/v1/jobs/${id}?wait=1&include=input`);
  expect(polled.status).toBe(200);
  expect(polled.headers.get('preference-applied')).toBe('wait=1');
  expect(await polled.json()).toMatchObject({ status: 'queued', input: { message: 'x' } });
  expect(await listeners(id)).toBe(0);
});

test('600 jobs that end in a moment are all answered when they end, on whichever API and by whichever way', async () => {
  await Promise.all([stack.worker(), stack.worker()]);
  const answers = Promise.all(
    Array.from({ length: 600 }, async (_, n) => {
      const [url, other] = [apis[n % 2] as string, apis[(n + 1) % 2] as string];
      const waits = n % 3 === 0;
      const response = await fetch(`${url}/v1/jobs`, {
        method: 'POST',
        headers: waits ? { ...json, prefer: 'wait=60' } : json,
        body: submission(),
      });
      const job = await jobOf(response);
      if (waits) return `${response.status} ${job.status}`;
      const polled = await fetch(`${other}/v1/jobs/${job.id}?wait=60`);
      return `${polled.status} ${(await jobOf(polled)).status}`;
    }),
  );
  await until('all have ended', async () => (await stack.redis.xlen(stack.keys.audit)) === 600);
  const statuses = await beforeAWaitEnds(stack, answers);
  expect(new Set(statuses)).toEqual(new Set(['200 completed']));
  await until('nobody listens', async () => {
    const channels = await stack.redis.pubsub('CHANNELS', `${stack.prefix}:live:*`);
    return (channels as string[]).length === 0;
  });
});

test('each process listens once for a job, however many wait; who leaves frees the place', async () => {
  const { id, release } = await heldJob();
  const clients = Array.from({ length: 20 }, () => new AbortController());
  const waits = clients.map(({ signal }, n) =>
    fetch(`${apis[n % 2]}/v1/jobs/${id}?wait=60`, { signal }).then(
      async (response) => (await jobOf(response)).status,
      () => 'left',
    ),
  );
  await until('both processes listen', async () => (await listeners(id)) === 2);
  for (const client of clients.slice(0, 18)) client.abort();
  await Promise.all(waits.slice(0, 18));
  expect(await listeners(id)).toBe(2);
  clients[18]?.abort();
  await until('one listens no more', async () => (await listeners(id)) === 1);
  await stack.worker();
  release();
  expect(await waits[19]).toBe('completed');
  await until('nobody listens', async () => (await listeners(id)) === 0);
});

test('who waits for a queued job learns at once of its cancellation, and of its expiry, with no worker there', async () => {
  const cancelled = await stack.submit({ type: 'chat', input: { message: 'x' } });
  const wait = fetch(`${apis[1]}/v1/jobs/${cancelled.id}?wait=60`).then(jobOf);
  await until('it is waited for', async () => (await listeners(cancelled.id)) === 1);
  await stack.request(`/v1/jobs/${cancelled.id}/cancel`, { method: 'POST' });
  expect(await wait).toMatchObject({ id: cancelled.id, status: 'cancelled' });

  const expired = await submitAndWait('wait=60', { start_within_seconds: 1 });
  expect(expired.status).toBe(200);
  expect(await jobOf(expired)).toMatchObject({ status: 'expired' });
});

test('who waits is answered at once when the process stops', async () => {
  const { id } = await heldJob();
  const submitted = submitAndWait('wait=60', {}, {});
  const polled = stack.request(`/v1/jobs/${id}?wait=60`);
  await until('both are waited for', async () => {
    const channels = await stack.redis.pubsub('CHANNELS', `${stack.prefix}:live:*`);
    return (channels as string[]).length === 2;
  });
  const exited = stack.api.kill('SIGTERM');
  const [accepted, read] = await Promise.all([submitted, polled]);
  expect([accepted.status, read.status]).toEqual([202, 200]);
  expect(accepted.headers.get('preference-applied')).toBeNull();
  expect((await jobOf(read)).status).toBe('queued');
  expect(await exited).toEqual({ code: 0, signal: null });
});
