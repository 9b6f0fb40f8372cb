import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Service } from '#support/processes.ts';
import { startStack, type Stack } from '#support/stack.ts';
import { until } from '#support/until.ts';

let stack: Stack;
let worker: Service;
beforeAll(async () => {
  stack = await startStack({ JOB_ATTEMPTS: '2' });
  worker = await stack.worker({}, 'tests/support/throwing-worker.ts');
});
afterAll(() => stack.close());

const failing = [
  'throw null',
  'throw undefined',
  'throw text',
  'throw a hostile object',
  'throw an error that pretends',
];
const completing = ['a rejected promise nobody awaits', 'a huge answer'];

test('whatever is thrown, only its own job fails, and the process lives', async () => {
  const submitted = await Promise.all(
    [...failing, ...completing].flatMap((message) =>
      [message, 'well-behaved'].map((text) =>
        stack.submit({ type: 'chat', input: { message: text } }),
      ),
    ),
  );
  const ended = await Promise.all(submitted.map(({ id }) => stack.finished(id)));
  const outcomes = ended.filter((_, index) => index % 2 === 0);
  expect(outcomes.map(({ status, error }) => [status, error?.code, error?.attempts])).toEqual([
    ...failing.map(() => ['failed', 'internal_error', 2]),
    ...completing.map(() => ['completed', undefined, undefined]),
  ]);
  const neighbours = ended.filter((_, index) => index % 2 === 1);
  expect(neighbours.every(({ status }) => status === 'completed')).toBe(true);
  await until(
    'all are audited once',
    async () => (await stack.auditEvents()).length === ended.length,
  );
  expect(worker.log.filter(({ msg }) => msg === 'ready').length).toBe(1);
  expect(worker.log.find(({ msg }) => msg === 'unhandled promise rejection')).toBeDefined();
  expect(JSON.stringify(worker.log)).not.toContain('nobody listens');
  expect(await worker.kill('SIGTERM')).toEqual({ code: 0, signal: null });
});
