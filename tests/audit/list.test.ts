import { afterAll, beforeAll, expect, test } from 'vitest';
import { startStack, type Stack } from '#support/stack.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.close());

test('audit events are listed newest first, filtered, and paged without gaps', async () => {
  await stack.worker();
  const ids: string[] = [];
  for (let n = 0; n < 7; n += 1) {
    const { id } = await stack.submit({
      type: n % 2 === 0 ? 'chat' : 'analysis',
      input: n % 2 === 0 ? { message: `m${n}` } : { text: `t${n}`, tasks: ['topics'] },
      user_id: `user-${n % 3}`,
    });
    await stack.finished(id);
    expect((await stack.auditEvents()).length, 'written in the step that ended the job').toBe(
      n + 1,
    );
    ids.push(id);
  }
  type Page = {
    data: { id: string; job_id: string; timestamp: string }[];
    has_more: boolean;
    last_id: string;
  };
  const list = async (query: string) =>
    (await (await stack.request(`/v1/audit?${query}`)).json()) as Page;
  const jobIds = (page: Page) => page.data.map(({ job_id }) => job_id);

  const newestFirst = ids.toReversed();
  expect(jobIds(await list(''))).toEqual(newestFirst);
  const walked: string[] = [];
  let page = await list('limit=3');
  for (;;) {
    walked.push(...jobIds(page));
    if (!page.has_more) break;
    page = await list(`limit=3&after=${page.last_id}`);
  }
  expect(walked).toEqual(newestFirst);
  expect(jobIds(await list('type=analysis'))).toEqual(
    newestFirst.filter((id) => id.startsWith('analysis')),
  );
  expect(jobIds(await list('type=job.failed'))).toEqual([]);
  expect(jobIds(await list('user_id=user-1'))).toEqual([ids[4], ids[1]]);
  const all = await list('');
  const third = all.data[2]?.timestamp as string;
  expect(jobIds(await list(`since=${third}`))).toEqual(newestFirst.slice(0, 3));
  expect(jobIds(await list(`until=${third}`))).toEqual(newestFirst.slice(2));
  expect(jobIds(await list(`job_id=${ids[0]}`))).toEqual([ids[0]]);
  expect(jobIds(await list(`job_id=${ids[0]}&after=${all.data.at(-1)?.id}`))).toEqual([]);
  expect(jobIds(await list('job_id=chat_unknown'))).toEqual([]);
});
