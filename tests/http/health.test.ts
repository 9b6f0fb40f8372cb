import { afterEach, beforeEach, expect, test } from 'vitest';
import { freePort } from '#scripts/processes/free-port.ts';
import { startStack, type Stack } from '#support/stack.ts';
import { until } from '#support/until.ts';

let stack: Stack;
beforeEach(async () => {
  stack = await startStack();
});
afterEach(() => stack.close());

test('a worker tells whether it lives and whether it takes jobs, and is not ready when it stops', async () => {
  stack.upstream.answerWith(() => undefined);
  const port = await freePort();
  const worker = await stack.worker({ HEALTH_PORT: String(port) });
  const ask = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).status;
  expect(await ask('/healthz')).toBe(200);
  expect(await ask('/readyz')).toBe(200);
  expect(await ask('/nothing')).toBe(404);
  await stack.submit({ type: 'chat', input: { message: 'x' } });
  await until('it is in flight', () => stack.upstream.calls.length === 1);
  void worker.kill('SIGTERM');
  await until('it is not ready', async () => (await ask('/readyz')) === 503);
  expect(await ask('/healthz'), 'it lives while its job is finished').toBe(200);
});
