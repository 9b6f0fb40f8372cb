import { afterAll, beforeAll, expect, test } from 'vitest';
import { good, taskOf } from '#support/analysis-answers.ts';
import { startStack, type Stack } from '#support/stack.ts';
import { completion, sendJson, type Answer } from '#support/upstream.ts';
import { until } from '#support/until.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
  await stack.worker();
});
afterAll(() => stack.close());

/** An answer that ended for another reason than that the model was done. */
function endedBy(finish_reason: string, text: string | null): Answer {
  return (call, res) => {
    const { choices, ...rest } = completion(text, call.body.model);
    const ended = choices.map((choice) => ({ ...choice, finish_reason }));
    return sendJson(res, 200, { ...rest, choices: ended });
  };
}

const ends = [
  { reason: 'content_filter', text: null, response: '' },
  { reason: 'content_filter', text: 'Once upon a', response: 'Once upon a' },
  { reason: 'length', text: 'Once upon a', response: 'Once upon a' },
  { reason: 'length', text: '', response: '' },
];

test.each(ends)(
  'a chat whose answer $text ended by $reason is completed, and says so',
  async ({ reason, text, response }) => {
    stack.upstream.answerWith(endedBy(reason, text));
    const { id } = await stack.submit({ type: 'chat', input: { message: 'a story' } });
    expect(await stack.finished(id)).toMatchObject({
      status: 'completed',
      output: { response, finish_reason: reason },
      usage: { total_tokens: 15 },
      attempt: 1,
      error: null,
    });
    const event = await until('it is audited', async () =>
      (await stack.auditEvents()).find(({ job_id }) => job_id === id),
    );
    expect(event).toMatchObject({
      type: 'job.completed',
      reply: response,
      usage: { total_tokens: 15 },
    });
    expect(stack.upstream.calls.filter(({ key }) => key === `${id}-chat`)).toHaveLength(1);
  },
);

test.each(ends)(
  'a task of an analysis whose answer $text ended by $reason has it as it is, and is not asked again',
  async ({ reason, text, response }) => {
    const cut = endedBy(reason, text);
    stack.upstream.answerWith((call, res) =>
      taskOf(call) === 'summary' ? cut(call, res) : good(call),
    );
    const { id } = await stack.submit({ type: 'analysis', input: { texts: ['sea'] } });
    expect(await stack.finished(id)).toMatchObject({
      status: 'completed',
      output: {
        items: [{ sentiment: 'positive', summary: response, errors: {} }],
        succeeded: 1,
        failed: 0,
      },
      usage: { total_tokens: 45 },
      attempt: 1,
    });
    expect(stack.upstream.calls.filter(({ key }) => key.startsWith(`${id}-`))).toHaveLength(3);
  },
);
