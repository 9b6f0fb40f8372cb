import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { PromptQ } from '@promptq/client';
import { createdAtOf } from '@promptq/shared/jobs';
import { idsInBucket } from '#packages/store/src/job-index/time-index.ts';
import { monitorRedis } from '#packages/store/src/testing/monitor.ts';
import { apiKeys, bearer, keyOf, type Key } from '#support/api-keys.ts';
import { idMaker } from '#support/keys.ts';
import { startApi, type Service } from '#support/processes.ts';
import { startStack, type Stack } from '#support/stack.ts';
import { writeJobs } from '#support/write-among-foreign.ts';

const mine = keyOf('mine', ['jobs']);
const theirs = keyOf('theirs', ['jobs']);
const withoutJobs = keyOf('without-jobs', ['jobs']);
const admin = keyOf('root', ['admin']);

interface Page {
  data: { id: string; status: string }[];
  has_more: boolean;
  first_id: string | null;
  last_id: string | null;
}

let stack: Stack;
let other: Service & { url: string };
let own: string[];
beforeAll(async () => {
  stack = await startStack({ API_KEYS: apiKeys(mine, theirs, withoutJobs, admin) });
  other = await startApi(stack.environment);
  // Own ones behind, between and before 5,000 of another tenant; oldest first.
  own = (await writeJobs(stack, ['mine', 4_300, 'mine', 'mine', 'mine', 700])).toReversed();
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
    const path: string = `/v1/jobs?${query}${after === null ? '' : `&after=${after}`}`;
    const response = await get(as, path, pages.length % 2 === 0 ? stack.api : other);
    const text = await response.text();
    expect(response.status, text).toBe(200);
    const page = JSON.parse(text) as Page;
    pages.push({ ...page, text });
    after = page.has_more ? page.last_id : null;
    if (page.has_more) expect(after, 'there is an id to go on from').not.toBeNull();
  } while (after !== null);
  return pages;
}

test.each(['limit=2', 'limit=2&status=failed', 'limit=1&type=chat'])(
  'a tenant walks through ?%s without an empty page and without an id of 5,000 jobs of others',
  async (query) => {
    const pages = await walk(mine, query);
    expect(pages.flatMap(({ data }) => data.map(({ id }) => id))).toEqual(own);
    expect(pages.every(({ data }) => data.length > 0)).toBe(true);
    for (const { text, last_id } of pages) {
      const shown = new Set(text.match(/(chat|analysis)_[0-9a-f]{32}/g));
      expect(own).toEqual(expect.arrayContaining([...shown]));
      expect(own, 'a cursor is a plain id').toContain(last_id);
    }
  },
);

test('the client goes on through all pages by itself', async () => {
  const client = new PromptQ({ baseUrl: stack.api.url, apiKey: mine.key });
  const ids: string[] = [];
  for await (const { id } of client.list({ status: 'failed', limit: 2 })) ids.push(id);
  expect(ids).toEqual(own);
});

test('what a page costs does not depend on the jobs of others', async () => {
  const commandsOf = async (as: Key, query: string) => {
    const monitor = await monitorRedis(inject('redisUrl'), stack.prefix);
    const response = await get(as, `/v1/jobs?${query}`);
    expect(response.status).toBe(200);
    // It is the last command in the log of this connection.
    await stack.redis.get(`${stack.prefix}:end`);
    await expect
      .poll(() => monitor.commands().some(([, key]) => key === `${stack.prefix}:end`))
      .toBe(true);
    monitor.stop();
    const commands = monitor.commands().filter((command) => !command.join().includes(':end'));
    // The API samples its queues all the time, whoever asks for a list.
    const listCommands = commands.filter((command) =>
      command.some((part) => /:index:|:chat_/.test(part)),
    );
    return { count: listCommands.length, text: listCommands.flat().join() };
  };
  const cost = await commandsOf(mine, 'limit=100');
  expect(cost.text).not.toContain('index:all');
  expect(cost.text).not.toContain('index:tenant:theirs');
  // The buckets of the index, their contents, and each job once.
  expect(cost.count).toBeLessThanOrEqual(1 + 2 + own.length);
  const none = await commandsOf(withoutJobs, 'limit=100');
  expect(none.count, 'one read of an index that does not exist').toBe(1);
});

test('an admin key lists the jobs of its own tenant', async () => {
  const pages = await walk(admin, 'limit=100&status=failed');
  expect(pages.map(({ data, has_more }) => [data, has_more])).toEqual([[[], false]]);
});

test("another tenant's id goes on from its time alone, as one that never was", async () => {
  const { redis, keys } = stack;
  const oldest = own.at(-1) as string;
  const index = 'tenant:theirs';
  const [bucket] = await redis.zrange(keys.index(index), '0', '0');
  const content = await redis.getBuffer(keys.indexBucket(index, Number(bucket)));
  const foreign = idsInBucket(content ?? Buffer.alloc(0)).at(-1) as string;
  expect(own).not.toContain(foreign);
  const newId = await idMaker(stack, 'chat');
  for (const after of [foreign, newId(createdAtOf(foreign) as number)]) {
    const answer = await get(mine, `/v1/jobs?limit=100&status=failed&after=${after}`);
    expect(await answer.json()).toMatchObject({ data: [{ id: oldest }], has_more: false });
  }
});
