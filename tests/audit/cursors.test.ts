import { afterAll, beforeAll, expect, test } from 'vitest';
import { PromptQ } from '@promptq/client';
import { plainEvent } from '@promptq/shared/contracts';
import { jobIdOfEvent } from '@promptq/shared/jobs';
import { apiKeys, bearer, keyOf, type Key } from '#support/api-keys.ts';
import { startApi, type Service } from '#support/processes.ts';
import { problemOf } from '#support/problem.ts';
import { startStack, type Stack } from '#support/stack.ts';
import { writeEvents } from '#support/write-among-foreign.ts';

const mine = keyOf('mine', ['audit']);
const theirs = keyOf('theirs', ['audit']);
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
let own: string[];
beforeAll(async () => {
  stack = await startStack({ API_KEYS: apiKeys(mine, theirs, ahead, admin) });
  other = await startApi(stack.environment);
  // More foreign ones than one request looks at, with own ones behind, between and before them; oldest first.
  own = (await writeEvents(stack, ['mine', 50_300, 'mine', 'mine', 'mine', 700])).toReversed();
});
afterAll(async () => {
  await other?.kill('SIGKILL');
  await stack.close();
});

function get(as: Key, path: string, api: { url: string } = stack.api): Promise<Response> {
  const init = { headers: bearer(as) };
  return api === stack.api ? stack.request(path, init) : fetch(`${api.url}${path}`, init);
}

/** All pages, each asked of the other API. */
async function walk(as: Key, query: string) {
  const pages: (Page & { text: string })[] = [];
  let after: string | null = null;
  do {
    const path: string = `/v1/audit?${query}${after === null ? '' : `&after=${after}`}`;
    const response = await get(as, path, pages.length % 2 === 0 ? stack.api : other);
    const text = await response.text();
    expect(response.status, text).toBe(200);
    const page = JSON.parse(text) as Page;
    pages.push({ ...page, text });
    after = page.has_more ? page.last_id : null;
    if (page.has_more) expect(after, 'there is a cursor to go on from').not.toBeNull();
  } while (after !== null);
  return pages;
}

const isSealed = ({ last_id }: Page) => /^after_[\w-]{100}$/.test(last_id ?? '');

test.each(['limit=2', 'type=job.completed'])(
  'a tenant goes on in ?%s to its oldest, across more foreign ones than one request looks at',
  async (query) => {
    const pages = await walk(mine, query);
    expect(pages.flatMap(({ data }) => data.map(({ id }) => id))).toEqual(own);
    expect(pages.filter(isSealed).length).toBeGreaterThan(0);
    const known = [...own, ...own.map(jobIdOfEvent)];
    for (const { text } of pages) {
      const shown = text.match(/(?:evt_)?(?:chat|analysis)_[0-9a-f]{32}/g) ?? [];
      expect(known).toEqual(expect.arrayContaining([...new Set(shown)]));
    }
  },
);

test('the client goes on through all pages by itself', async () => {
  const client = new PromptQ({ baseUrl: stack.api.url, apiKey: mine.key });
  const ids: string[] = [];
  for await (const { id } of client.audit()) ids.push(id);
  expect(ids).toEqual(own);
});

test('a tenant whose own are all on one side of the others goes on as well', async () => {
  const pages = await walk(ahead, 'limit=100');
  expect(pages.flatMap(({ data }) => data)).toEqual([]);
  expect(pages.length).toBeGreaterThan(1);
  expect(pages.slice(0, -1).every(isSealed), 'it is not known whose the events are').toBe(true);
});

test('the event of a job is found behind a minute with more others than one request looks at', async () => {
  for (const id of own) {
    const found = (await (await get(mine, `/v1/audit?job_id=${jobIdOfEvent(id)}`)).json()) as Page;
    expect(found.data.map((event) => event.id)).toEqual([id]);
  }
});

test('an event of a process whose clock is ahead can be gone on from', async () => {
  const nowMs = Date.now();
  const ids = [5_000, 30_000].map((aheadMs) => `evt_webhook_${nowMs + aheadMs}_${aheadMs}`);
  for (const id of ids) {
    const event = plainEvent('webhook', { type: 'webhook.blocked', tenant: 'ahead', id });
    const fields = ['job_id', '', 'type', event.type, 'event', JSON.stringify(event)];
    await stack.redis.xadd(stack.keys.audit, '*', ...fields);
  }
  const pages = await walk(ahead, `limit=1&since=${new Date(nowMs - 1_000).toISOString()}`);
  expect(pages.flatMap(({ data }) => data.map(({ id }) => id))).toEqual(ids.toReversed());
});

test('whoever may see the events of all tenants has plain ids', async () => {
  const pages = await walk(admin, 'user_id=nobody');
  expect(pages.map(({ has_more }) => has_more)).toEqual([true, false]);
  expect(pages[0]?.last_id).toMatch(/^evt_chat_[0-9a-f]{32}$/);
});

async function sealedBy(as: Key): Promise<string> {
  const page = (await (await get(as, '/v1/audit?user_id=nobody')).json()) as Page;
  return page.last_id ?? '';
}

test("another tenant's cursor, a changed one and one from before Redis was emptied are refused", async () => {
  const cursor = await sealedBy(mine);
  const refused = async (as: Key, after: string) => {
    for (const api of [stack.api, other]) {
      const response = await get(as, `/v1/audit?after=${after}`, api);
      expect(response.status, after).toBe(400);
      const { errors } = await problemOf(response);
      expect(errors).toEqual([
        { pointer: '/after', detail: expect.stringContaining('Start again without `after`') },
      ]);
    }
  };
  expect((await get(mine, `/v1/audit?after=${cursor}`)).status).toBe(200);
  await refused(theirs, cursor);
  await refused(admin, cursor);
  const middle = cursor[50] === 'A' ? 'B' : 'A';
  await refused(mine, cursor.slice(0, 50) + middle + cursor.slice(51));
  await refused(mine, 'after_');
  await stack.redis.del(stack.keys.cursorKey);
  await refused(mine, cursor);
  const renewed = await sealedBy(mine);
  expect((await get(mine, `/v1/audit?after=${renewed}`, other)).status).toBe(200);
});

test("another tenant's event is refused as a cursor, as one that never was", async () => {
  const [, event] = await stack.redis.xrange(stack.keys.audit, '-', '+', 'COUNT', 2);
  const [, jobId = ''] = event?.[1] ?? [];
  for (const id of [`evt_${jobId}`, `evt_chat_${'0'.repeat(32)}`]) {
    expect((await get(mine, `/v1/audit?after=${id}`)).status, id).toBe(400);
  }
  expect((await get(theirs, `/v1/audit?after=evt_${jobId}&limit=1`)).status).toBe(200);
});
