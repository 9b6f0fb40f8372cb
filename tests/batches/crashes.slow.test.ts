import { request as rawRequest } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  chats,
  createBatch,
  endedBatch,
  getBatch,
  jsonLines,
  postBatch,
  resultsOf,
  toLines,
} from '#support/batch.ts';
import { startApi, type Service } from '#support/processes.ts';
import { startStack, type Stack } from '#support/stack.ts';
import { until } from '#support/until.ts';

let stack: Stack;
let other: Service & { url: string };
beforeEach(async () => {
  stack = await startStack();
  other = await startApi(stack.environment);
});
afterEach(async () => {
  await other.kill('SIGKILL');
  await stack.close();
});

/** Each request has one job, one result and one audit event, and the results are in input order. */
async function expectWhole(id: string, total: number): Promise<void> {
  const batch = await endedBatch(stack, id);
  const { request_counts: counts } = batch;
  expect(counts.total).toBe(total);
  expect(counts.completed + counts.failed + counts.cancelled + counts.expired).toBe(total);
  const results = await resultsOf(stack, id);
  expect(results.map(({ custom_id }) => custom_id)).toEqual(chats(total).map((_, n) => `r-${n}`));
  const events = await stack.auditEvents();
  expect(events.length).toBe(total);
  expect(new Set(events.map(({ job_id }) => job_id))).toEqual(
    new Set(results.map(({ id: jobId }) => jobId)),
  );
}

test('an API that is killed in the middle of an upload leaves nothing to see and nothing to run', async () => {
  const req = rawRequest(`${other.url}/v1/batches`, { method: 'POST', headers: jsonLines });
  req.on('error', () => undefined);
  req.write(toLines(chats(2_000)));
  const upload = await until('some of it is laid down', async () => {
    const names = await stack.redis.keys(`${stack.prefix}:upload:*`);
    return names.length === 2 && names;
  });
  await other.kill('SIGKILL');
  await stack.worker();
  for (const name of upload) expect(await stack.redis.ttl(name)).toBeGreaterThan(0);
  expect(await stack.redis.exists(stack.keys.openBatches)).toBe(0);
  expect(await (await stack.request('/v1/jobs')).json()).toMatchObject({ data: [] });
  const { id } = await createBatch(stack, chats(5));
  await endedBatch(stack, id);
  expect(stack.upstream.calls.length, 'of the other batch').toBe(5);
});

test('workers killed with -9 one after the other: every request ends once, in its place', async () => {
  const total = 1_200;
  const { id } = await createBatch(stack, chats(total));
  const killed = new Set<number>();
  const workers = [await stack.worker(), await stack.worker({ WORKER_TYPES: 'analysis' })];
  for (const after of [100, 400, 800]) {
    await until(`${after} have ended`, async () => {
      const { request_counts } = await getBatch(stack, id);
      return request_counts.completed >= after;
    });
    // The one that holds the lease of the dispatcher, whichever types it runs.
    const holder = await until('one has the lease', () =>
      stack.redis.get(stack.keys.dispatchLease),
    );
    const dispatcher = workers.find(({ pid }) => holder.includes(`-${pid}-`));
    const victim =
      dispatcher && !killed.has(dispatcher.pid)
        ? dispatcher
        : workers.find(({ pid }) => !killed.has(pid));
    killed.add(victim?.pid as number);
    await victim?.kill('SIGKILL');
    workers.push(await stack.worker());
  }
  await expectWhole(id, total);
  expect((await endedBatch(stack, id)).request_counts.completed).toBe(total);
});

test('a worker of another type releases the requests of a batch', async () => {
  await stack.worker({ WORKER_TYPES: 'analysis' });
  const { id } = await createBatch(stack, chats(150));
  await until(
    'they are released',
    async () => (await stack.redis.zcard(stack.keys.prioritized('chat'))) === 150,
  );
  expect((await getBatch(stack, id)).request_counts).toMatchObject({ queued: 150 });
  await stack.worker({ WORKER_TYPES: 'chat' });
  await expectWhole(id, 150);
});

test('a cancelled batch ends though every worker dies on the way', async () => {
  stack.upstream.answerWith(() => undefined);
  const { id } = await createBatch(stack, chats(1_100));
  const first = await stack.worker({ WORKER_CONCURRENCY: '5' });
  await until('it runs', () => stack.upstream.calls.length === 5);
  await stack.request(`/v1/batches/${id}/cancel`, { method: 'POST' });
  await first.kill('SIGKILL');
  await stack.worker();
  await expectWhole(id, 1_100);
  expect((await getBatch(stack, id)).status).toBe('cancelled');
});

test('a worker that is killed with the last job of a batch: the batch ends with it, once', async () => {
  const crashingWorker = 'tests/support/crashing-worker.ts';
  for (const at of ['before-finish', 'after-finish']) {
    const { id } = await createBatch(stack, chats(3));
    const worker = await stack.worker(
      { DIES_AT: at, DIES_ON: '3', WORKER_CONCURRENCY: '1' },
      crashingWorker,
    );
    expect((await worker.exited).signal).toBe('SIGKILL');
    const { request_counts: counts, finished_at } = await getBatch(stack, id);
    expect(counts.completed).toBe(at === 'before-finish' ? 2 : 3);
    expect(finished_at === null, 'in the step that finishes its last job').toBe(
      at === 'before-finish',
    );
    const next = await stack.worker();
    expect((await endedBatch(stack, id)).request_counts.completed).toBe(3);
    await next.kill('SIGTERM');
    const ended = next.log.filter(({ msg, batch_id }) => msg === 'batch ended' && batch_id === id);
    expect(ended.length).toBe(at === 'before-finish' ? 1 : 0);
  }
  expect((await stack.auditEvents()).length).toBe(6);
});

test('both APIs tell the same of a batch', async () => {
  await stack.worker();
  const { id } = await createBatch(stack, chats(50));
  await endedBatch(stack, id);
  const [here, there] = await Promise.all(
    [stack.api.url, other.url].map(async (url) => [
      await (await fetch(`${url}/v1/batches/${id}`)).json(),
      await (await fetch(`${url}/v1/batches/${id}/results`)).text(),
    ]),
  );
  expect(here).toEqual(there);
  expect((await postBatch(stack, toLines(chats(1)))).status).toBe(202);
});
