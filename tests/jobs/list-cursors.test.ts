import { afterAll, beforeAll, expect, test } from 'vitest';
import { PromptQ } from '@promptq/client';
import { eventIdOf, plainEvent } from '@promptq/shared/audit';
import { createdAtOf, idsInBucket, newJobId } from '@promptq/shared/queues';
import { apiKeys, bearer, keyOf, type Key } from '#support/api-keys.ts';
import { startApi, type Service } from '#support/processes.ts';
import { problemOf } from '#support/problem.ts';
import { startStack, type Stack } from '#support/stack.ts';
import { writeEvents, writeJobs } from '#support/write-among-foreign.ts';

const mine = keyOf('mine', ['jobs', 'audit']);
const theirs = keyOf('theirs', ['jobs', 'audit']);
const ahead = keyOf('ahead', ['audit']);
const admin = keyOf('root', ['admin']);

interface Page {
  data: { id: string }[];
  has_more: boolean;
  first_id: string | null;
  last_id: string | null;
}

let stack: Stack;
let other: Service & { url: string };
const own: Record<'jobs' | 'audit', string[]> = { jobs: [], audit: [] };
beforeAll(async () => {
  stack = await startStack({ API_KEYS: apiKeys(mine, theirs, ahead, admin) });
  other = await startApi(stack.environment);
  // More foreign ones than one request looks at, with own ones behind, between and before them; oldest first.
  own.jobs = (await writeJobs(stack, ['mine', 10_300, 'mine', 'mine', 'mine', 700])).toReversed();
  own.audit = (
    await writeEvents(stack, ['mine', 50_300, 'mine', 'mine', 'mine', 700])
  ).toReversed();
});
afterAll(async () => {
  await other?.kill('SIGKILL');
  await stack.close();
});

const urls = { jobs: '/v1/jobs', audit: '/v1/audit' };

function get(as: Key, path: string, api: { url: string } = stack.api): Promise<Response> {
  const init = { headers: bearer(as) };
  return api === stack.api ? stack.request(path, init) : fetch(`${api.url}${path}`, init);
}

/** All pages, each asked of the other API. */
async function walk(as: Key, list: 'jobs' | 'audit', query: string) {
  const pages: (Page & { text: string })[] = [];
  let after: string | null = null;
  do {
    const path: string = `${urls[list]}?${query}${after === null ? '' : `&after=${after}`}`;
    const response = await get(as, path, pages.length % 2 === 0 ? stack.api : other);
    const text = await response.text();
    expect(response.status, text).toBe(200);
    const page = JSON.parse(text) as Page;
    pages.push({ ...page, text });
    after = page.has_more ? page.last_id : null;
    if (page.has_more) expect(after, 'there is a place to go on from').not.toBeNull();
  } while (after !== null);
  return pages;
}

const isSealed = ({ last_id }: Page) => /^after_[\w-]{100}$/.test(last_id ?? '');

test.each([
  ['jobs', 'limit=2'],
  ['jobs', 'limit=2&status=failed'],
  ['jobs', 'limit=2&type=chat'],
  ['audit', 'limit=2'],
  ['audit', 'type=job.completed'],
] as const)(
  'a tenant goes on in %s?%s to its oldest, across more foreign ones than one request looks at',
  async (list, query) => {
    const pages = await walk(mine, list, query);
    const ids = pages.flatMap(({ data }) => data.map(({ id }) => id));
    expect(ids).toEqual(own[list]);
    expect(pages.filter(isSealed).length).toBeGreaterThan(0);
    for (const { text } of pages) {
      const shown =
        text.match(list === 'jobs' ? /(chat|analysis)_[0-9a-f]{32}/g : /evt_[a-z]+_\d+_\d+/g) ?? [];
      expect(own[list]).toEqual(expect.arrayContaining([...new Set(shown)]));
    }
  },
);

test('the client goes on through all pages by itself', async () => {
  const client = new PromptQ({ baseUrl: stack.api.url, apiKey: mine.key });
  const ids = { jobs: [] as string[], audit: [] as string[] };
  for await (const { id } of client.list({ status: 'failed', limit: 2 })) ids.jobs.push(id);
  for await (const { id } of client.audit()) ids.audit.push(id);
  expect(ids).toEqual(own);
});

test('a tenant whose own are all on one side of the others goes on as well', async () => {
  const pages = await walk(theirs, 'jobs', 'limit=100&status=failed');
  expect(pages.flatMap(({ data }) => data)).toEqual([]);
  expect(pages.length).toBeGreaterThan(1);
  expect(pages.slice(0, -1).every(isSealed), 'it is not known whose the jobs are').toBe(true);
});

test('the event of a job is found behind a minute with more others than one request looks at', async () => {
  for (const id of own.audit) {
    const [entryId] = /\d+_\d+$/.exec(id) ?? [];
    const at = entryId?.replace('_', '-') as string;
    const [[, fields]] = (await stack.redis.xrange(stack.keys.audit, at, at)) as [
      [string, string[]],
    ];
    const jobId = fields[fields.indexOf('job_id') + 1];
    const found = (await (await get(mine, `/v1/audit?job_id=${jobId}`)).json()) as Page;
    expect(found.data.map((event) => event.id)).toEqual([id]);
  }
});

test('an event of a process whose clock is ahead can be gone on from', async () => {
  const nowMs = Date.now();
  const ids = [5_000, 30_000].map((aheadMs) => `evt_webhook_${nowMs + aheadMs}_${aheadMs}`);
  for (const id of ids) {
    const event = plainEvent('webhook', { type: 'webhook.blocked', tenant: 'ahead', id });
    const fields = ['event', JSON.stringify(event), 'job_id', '', 'type', event.type];
    await stack.redis.xadd(stack.keys.audit, '*', ...fields);
  }
  const pages = await walk(
    ahead,
    'audit',
    `limit=1&since=${new Date(nowMs - 1_000).toISOString()}`,
  );
  expect(pages.flatMap(({ data }) => data.map(({ id }) => id))).toEqual(ids.toReversed());
});

test('whoever may see the events of all tenants has plain ids', async () => {
  const pages = await walk(admin, 'audit', 'user_id=nobody');
  expect(pages.map(({ has_more }) => has_more)).toEqual([true, false]);
  expect(pages[0]?.last_id).toMatch(/^evt_chat_\d+_\d+$/);
});

async function sealedBy(as: Key, list: 'jobs' | 'audit'): Promise<string> {
  const query = list === 'jobs' ? 'status=cancelled' : 'user_id=nobody';
  const page = (await (await get(as, `${urls[list]}?${query}`)).json()) as Page;
  return page.last_id ?? '';
}

test("another tenant's cursor, another list's, a changed one and one from before Redis was emptied are refused", async () => {
  const jobs = await sealedBy(mine, 'jobs');
  const audit = await sealedBy(mine, 'audit');
  const refused = async (as: Key, list: 'jobs' | 'audit', after: string) => {
    for (const api of [stack.api, other]) {
      const response = await get(as, `${urls[list]}?after=${after}`, api);
      expect(response.status, after).toBe(400);
      const { errors } = await problemOf(response);
      expect(errors).toEqual([
        { pointer: '/after', detail: expect.stringContaining('Start again without') },
      ]);
    }
  };
  for (const [list, cursor, foreign] of [
    ['jobs', jobs, audit],
    ['audit', audit, jobs],
  ] as const) {
    expect((await get(mine, `${urls[list]}?after=${cursor}`)).status).toBe(200);
    await refused(theirs, list, cursor);
    await refused(admin, list, cursor);
    await refused(mine, list, foreign);
    const middle = cursor[50] === 'A' ? 'B' : 'A';
    await refused(mine, list, cursor.slice(0, 50) + middle + cursor.slice(51));
    await refused(mine, list, 'after_');
  }
  await stack.redis.del(stack.keys.cursorKey);
  await refused(mine, 'jobs', jobs);
  await refused(mine, 'audit', audit);
  const renewed = await sealedBy(mine, 'jobs');
  expect((await get(mine, `/v1/jobs?after=${renewed}`, other)).status).toBe(200);
  await refused(mine, 'jobs', jobs);
});

test("another tenant's id goes on from its time alone: a job's as one that never was, an event's is refused", async () => {
  const answer = async (after: string) =>
    (await get(mine, `/v1/jobs?limit=100&status=failed&after=${after}`)).json();
  const oldest = own.jobs.at(-1) as string;
  const [bucket] = await stack.redis.zrange(stack.keys.index, '0', '0');
  const content = await stack.redis.getBuffer(stack.keys.indexBucket(Number(bucket)));
  const foreign = idsInBucket(content ?? Buffer.alloc(0)).at(-2) as string;
  expect(own.jobs).not.toContain(foreign);
  const madeUp = newJobId('chat', createdAtOf(foreign) as number);
  for (const after of [foreign, madeUp]) {
    expect(await answer(after)).toMatchObject({ data: [{ id: oldest }], has_more: false });
  }
  const [, event] = await stack.redis.xrange(stack.keys.audit, '-', '+', 'COUNT', 2);
  const eventId = eventIdOf('chat', event?.[0] ?? '');
  expect((await get(mine, `/v1/audit?after=${eventId}`)).status).toBe(400);
  expect((await get(theirs, `/v1/audit?after=${eventId}&limit=1`)).status).toBe(200);
});
