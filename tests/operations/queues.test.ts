import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AuditEvent } from '@promptq/shared/contracts';
import { apiKeys, bearer, keyOf, type Key } from '#support/api-keys.ts';
import { startStack, type Stack } from '#support/stack.ts';
import { until } from '#support/until.ts';

const admin = keyOf('operators', ['admin']);
const user = keyOf('acme', ['jobs', 'audit']);

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ API_KEYS: apiKeys(admin, user) });
});
afterAll(() => stack.close());

function request(as: Key, path: string, method = 'GET', body?: string): Promise<Response> {
  const headers = { ...bearer(as), 'content-type': 'application/json' };
  return stack.request(path, { method, headers, ...(body ? { body } : {}) });
}

test('a paused queue accepts jobs and starts none, until it is resumed; each is audited', async () => {
  const paused = await request(admin, '/v1/queues/chat/pause', 'POST');
  expect(paused.status).toBe(200);
  expect(await paused.json()).toMatchObject({ type: 'chat', paused: true });
  await stack.worker();
  const submit = (input: object, type = 'chat') =>
    request(user, '/v1/jobs', 'POST', JSON.stringify({ type, input }));
  const waiting = (await (await submit({ message: 'hi' })).json()) as { id: string };
  await submit({ message: 'hi' });
  const other = (await (await submit({ text: 'hi' }, 'analysis')).json()) as { id: string };
  const statusOf = async (id: string) =>
    ((await (await request(user, `/v1/jobs/${id}`)).json()) as { status: string }).status;
  await until('the other type goes on', async () => (await statusOf(other.id)) === 'completed');
  expect(await statusOf(waiting.id)).toBe('queued');
  const list = (await (await request(admin, '/v1/queues')).json()) as { data: object[] };
  expect(list.data).toMatchObject([
    { type: 'chat', paused: true, counts: { queued: 2, in_progress: 0 } },
    { type: 'analysis', paused: false, counts: { queued: 0 } },
  ]);
  expect((await request(admin, '/v1/queues/chat/pause', 'POST')).status, 'again').toBe(200);
  const resumed = await request(admin, '/v1/queues/chat/resume', 'POST');
  expect(await resumed.json()).toMatchObject({ paused: false });
  await until('it goes on', async () => (await statusOf(waiting.id)) === 'completed');
  const answer = await request(admin, '/v1/audit?type=queue.paused');
  const { data } = (await answer.json()) as { data: AuditEvent[] };
  expect(data.length).toBe(2);
  expect(data[0]).toMatchObject({
    type: 'queue.paused',
    job_id: null,
    job_type: 'chat',
    tenant: 'operators',
    user_id: `key:${admin.entry.id}`,
  });
});

test('only admin may, and only for types that there are', async () => {
  for (const [path, method] of [
    ['/v1/queues', 'GET'],
    ['/v1/queues/chat/pause', 'POST'],
    ['/v1/queues/chat/resume', 'POST'],
  ] as const) {
    expect((await request(user, path, method)).status, path).toBe(403);
  }
  expect((await request(admin, '/v1/queues/poem/pause', 'POST')).status).toBe(404);
});
