import { afterAll, beforeAll, expect, test } from 'vitest';
import { openOutbox } from '#packages/worker/src/settlement/outbox.ts';
import { startStack, type Stack } from '#support/stack.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.close());

test('after failures, more entries are acknowledged at once than Lua can hand on', async () => {
  const { redis, keys, prefix } = stack;
  const outbox = openOutbox({
    redis,
    blocking: redis,
    prefix,
    keys,
    consumer: 'one',
    auditTtlSeconds: 60,
    resultTtlSeconds: 60,
  });
  await outbox.prepare();
  const adding = redis.pipeline();
  for (let n = 0; n < 9_000; n += 1) adding.xadd(keys.events('chat'), '*', 'event', 'active');
  await adding.exec();
  const [batch] = await outbox.read(9_000, 0);
  const ids = batch?.entries.map(([id]) => id) ?? [];
  expect(ids.length).toBe(9_000);
  await outbox.settle('chat', [], ids);
  expect((await redis.xpending(keys.events('chat'), 'settlement'))[0]).toBe(0);
  expect(await redis.xlen(keys.events('chat'))).toBe(1);
});
