import { createRequire } from 'node:module';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { bearer } from '#support/api-keys.ts';
import { admin, marker, startBoard, type Board } from '#support/board.ts';
import { json } from '#support/problem.ts';

const queues = ['chat', 'analysis', 'webhooks'];

/** The routes of the library itself, so that none is forgotten, also of a later version. */
const libraryRoutes = z
  .object({
    appRoutes: z.object({ api: z.array(z.object({ method: z.string(), route: z.string() })) }),
  })
  .parse(
    createRequire(new URL('../../packages/api/package.json', import.meta.url))(
      '@bull-board/api/dist/routes.js',
    ),
  ).appRoutes.api;

let board: Board;
beforeAll(async () => {
  board = await startBoard();
});
afterAll(() => board.close());

/** Every key, with its content. */
async function everything(): Promise<Map<string, string>> {
  const { stack } = board;
  const found = new Map<string, string>();
  for await (const names of stack.redis.scanStream({ match: `${stack.prefix}*` })) {
    for (const name of names as string[])
      found.set(name, (await stack.redis.dumpBuffer(name))?.toString('hex') ?? '');
  }
  return found;
}

test('no answer of the board has anything of what jobs say, in whatever state they are', async () => {
  const { ids, request, list } = board;
  const content = [...(await everything()).values()].join();
  expect(content, 'it is there to be found').toContain(Buffer.from(marker).toString('hex'));
  const shown = new Map<string, Set<string>>();
  const texts: string[] = [];
  for (const queue of queues) {
    for (const status of [
      'latest',
      'active',
      'waiting',
      'prioritized',
      'delayed',
      'completed',
      'failed',
      'waiting-children',
      'paused',
    ]) {
      const found = await list(`activeQueue=${queue}&status=${status}&jobsPerPage=100`);
      texts.push(JSON.stringify(found));
      const jobs = found.find(({ name }) => name === queue)?.jobs ?? [];
      shown.set(`${queue} ${status}`, new Set(jobs.map(({ id }) => id)));
    }
  }
  expect([...(shown.get('chat completed') ?? [])].toSorted()).toEqual(
    [ids.done, ids.batched].toSorted(),
  );
  expect(shown.get('chat failed')).toEqual(new Set([ids.failed]));
  expect(shown.get('chat delayed')).toEqual(new Set([ids.delayed]));
  expect(shown.get('chat active')).toEqual(new Set([ids.held]));
  expect(shown.get('webhooks failed')).toEqual(new Set([`dlv_${ids.failed}`]));
  expect(shown.get('chat latest')?.size).toBe(7);

  let asked = 0;
  for (const { method, route } of libraryRoutes) {
    if (method !== 'get') continue;
    for (const queue of route.includes(':queueName') ? queues : ['']) {
      const jobs = route.includes(':jobId') ? [...(shown.get(`${queue} latest`) ?? [])] : [''];
      for (const id of jobs) {
        const path = route.replace(':queueName', queue).replace(':jobId', id);
        const response = await request(path);
        expect([200, 403], path).toContain(response.status);
        texts.push(await response.text());
        asked += 1;
      }
    }
  }
  expect(asked).toBeGreaterThan(30);
  for (const path of ['', '/', `/queue/chat`, `/queue/chat/${ids.done}`])
    texts.push(await (await request(path)).text());
  for (const text of texts) expect(text).not.toContain(marker);
  const hidden = /127\.0\.0\.1|redis:\/\/|Error:|\bat .*:\d+:\d+/;
  for (const text of texts) expect(text).not.toMatch(hidden);
});

test('a job is shown with its state, its times and the code of its failure', async () => {
  const { ids, request, list } = board;
  const stateOf = async (queue: string, id: string): Promise<unknown> =>
    (await request(`/api/queues/${queue}/${id}`)).json();
  expect(await stateOf('chat', ids.failed)).toMatchObject({
    status: 'failed',
    job: { id: ids.failed, failedReason: 'upstream_invalid_request', attempts: 1, isFailed: true },
  });
  expect(await stateOf('webhooks', `dlv_${ids.failed}`)).toMatchObject({
    status: 'failed',
    job: { failedReason: 'not delivered' },
  });
  expect(await stateOf('chat', ids.done)).toMatchObject({
    status: 'completed',
    job: { failedReason: '', finishedOn: expect.any(Number) },
  });
  expect(await stateOf('analysis', ids.analysis)).toMatchObject({ job: { progress: 100 } });
  expect(await stateOf('chat', ids.delayed)).toMatchObject({
    status: 'delayed',
    job: { delay: 3_600_000 },
  });
  expect(await stateOf('chat', ids.held)).toMatchObject({ status: 'active' });
  const [chats] = await list('activeQueue=chat&status=prioritized');
  const waiting = chats?.jobs.at(0)?.id as string;
  expect(await stateOf('chat', waiting)).toMatchObject({ status: 'prioritized' });
});

test('nothing that the library can change is reached, whatever the method', async () => {
  const { ids, request } = board;
  const before = await everything();
  const writing = libraryRoutes.filter(({ method }) => method !== 'get');
  expect(writing.length).toBeGreaterThan(15);
  const asked = writing.map(({ method, route }) => ({
    method: method.toUpperCase(),
    path: route
      .replace(':queueName', 'chat')
      .replace(':jobId', ids.failed)
      .replace(':queueStatus', 'failed')
      .replace(':schedulerId', 'x'),
  }));
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
    asked.push({ method, path: '/api/queues' }, { method, path: '' });
  for (const { method, path } of asked) {
    const response = await request(path, {
      method,
      headers: { ...bearer(admin), ...json },
      ...(method === 'OPTIONS' ? {} : { body: '{"name":"x","data":{},"force":true}' }),
    });
    expect([response.status, response.headers.get('allow')], `${method} ${path}`).toEqual([
      405,
      'GET, HEAD',
    ]);
    expect(await response.json()).toMatchObject({ code: 'method_not_allowed' });
    const read = await request(path);
    expect(read.status, `GET ${path}`).toBeLessThan(500);
  }
  expect(await everything()).toEqual(before);
});

test('what cannot be read or is not there is a 4xx, never a fault', async () => {
  const { ids, request } = board;
  const statuses: [string, number][] = [
    ['/api/queues?activeQueue=%25', 400],
    ['/api/queues?activeQueue=chat&activeQueue=analysis', 400],
    ['/api/queues?activeQueue=chat&jobsPerPage=1000000', 400],
    ['/api/queues?activeQueue=chat&status=failed&page=1e300', 200],
    ['/api/queues?activeQueue=chat&status=failed&page=999999999999', 200],
    ['/api/queues/chat/wait', 404],
    ['/api/queues/chat/failed', 404],
    [`/api/queues/webhooks/dlv_${ids.done}:logs`, 404],
    [`/api/queues/analysis/${ids.done}`, 404],
    ['/api/queues/%ff/x', 400],
    ['/api/queues/nothing/x', 404],
    ['/static/..%2f..%2fpackage.json', 404],
  ];
  for (const [path, status] of statuses) expect((await request(path)).status, path).toBe(status);
});
