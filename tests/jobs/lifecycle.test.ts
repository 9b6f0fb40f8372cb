import { afterAll, beforeAll, expect, test } from 'vitest';
import { startStack, type Stack } from '#support/stack.ts';
import { until } from '#support/until.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
  await stack.worker();
});
afterAll(() => stack.close());

test('a chat job is accepted, worked, polled and audited', async () => {
  stack.upstream.answerWith((call) => `you said ${call.body.messages[0]?.content}`);
  const accepted = await stack.submit({
    type: 'chat',
    input: { message: 'good morning' },
    user_id: 'u-1',
    metadata: { order: '42' },
  });
  expect(accepted).toMatchObject({ status: 'queued', attempt: 0, max_attempts: 3, input: null });

  const job = await stack.finished(accepted.id);
  expect(job).toMatchObject({
    status: 'completed',
    output: { response: 'you said good morning', finish_reason: 'stop', model: 'gpt-4o-mini' },
    usage: { input_tokens: 10, output_tokens: 5, total_tokens: 15 },
    attempt: 1,
    user_id: 'u-1',
    metadata: { order: '42' },
    progress: { done: 1, total: 1 },
    error: null,
  });
  expect(Date.parse(job.expires_at as string) - Date.parse(job.finished_at as string)).toBe(
    86_400_000,
  );

  const event = await until('the audit event is there', async () =>
    (await stack.auditEvents()).find(({ job_id }) => job_id === accepted.id),
  );
  expect(event).toMatchObject({
    object: 'audit_event',
    type: 'job.completed',
    job_type: 'chat',
    tenant: 'default',
    user_id: 'u-1',
    model: 'gpt-4o-mini',
    attempts: 1,
    message: 'good morning',
    reply: 'you said good morning',
    error: null,
    usage: { total_tokens: 15 },
  });
  const page = await (await stack.request(`/v1/audit?job_id=${accepted.id}`)).json();
  expect(page).toMatchObject({ data: [event], has_more: false, first_id: event.id });
});
