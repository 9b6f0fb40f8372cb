import { afterAll, beforeAll, expect, test } from 'vitest';
import { startStack, type Stack } from '#support/stack.ts';
import { completion, sendJson } from '#support/upstream.ts';
import { until } from '#support/until.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
  await stack.worker();
});
afterAll(() => stack.close());

test.each([
  ['missing', undefined, 0],
  ['empty', {}, 0],
  ['not whole', { prompt_tokens: 1.5, completion_tokens: null }, 2],
  ['negative', { prompt_tokens: -5, completion_tokens: -5, total_tokens: -5 }, 0],
  ['text', 'many', 0],
  ['without end', { prompt_tokens: 2 ** 53, completion_tokens: 1e300 }, 2_000_000_000],
])('an answer whose usage is %s counts all the same', async (_, usage, total) => {
  stack.upstream.answerWith((call, res) =>
    sendJson(res, 200, { ...completion('paid for \ud800', call.body.model), usage }),
  );
  const { id } = await stack.submit({ type: 'chat', input: { message: 'x' } });
  expect(await stack.finished(id)).toMatchObject({
    status: 'completed',
    attempt: 1,
    output: { response: 'paid for \ufffd' },
    usage: { total_tokens: total },
  });
  const event = await until('it is audited', async () =>
    (await stack.auditEvents()).find(({ job_id }) => job_id === id),
  );
  expect(event).toMatchObject({ user_id: 'anonymous', usage: { total_tokens: total } });
});
