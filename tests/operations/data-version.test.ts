import { afterEach, beforeEach, expect, test } from 'vitest';
import { startProcess } from '#support/processes.ts';
import { startStack, type Stack } from '#support/stack.ts';

let stack: Stack;
beforeEach(async () => {
  stack = await startStack();
});
afterEach(() => stack.close());

const services = ['packages/api/src/main.ts', 'packages/worker/src/main.ts'];

async function expectUnsupported(version: string): Promise<void> {
  const names = (await stack.redis.keys(`${stack.prefix}*`)).toSorted();
  for (const file of services) {
    const service = startProcess(file, { ...stack.environment, PORT: '0' });
    expect(await service.exited, file).toEqual({ code: 1, signal: null });
    const entry = service.log.find(({ msg }) => msg === 'could not start');
    expect(entry?.['reason']).toContain(`The data in Redis has version ${version}, but`);
    expect(service.log.some(({ msg }) => msg === 'ready')).toBe(false);
  }
  expect((await stack.redis.keys(`${stack.prefix}*`)).toSorted(), 'it is untouched').toEqual(names);
}

test('a process writes its version into an empty Redis, and starts where it is', async () => {
  expect(await stack.redis.get(stack.keys.version)).toBe('2');
  const worker = await stack.worker();
  expect(worker.log.some(({ msg }) => msg === 'ready')).toBe(true);
});

test.each(['1', '3', '2.1'])(
  'data of version %s ends a process, which says so',
  async (version) => {
    await stack.redis.set(stack.keys.version, version);
    await expectUnsupported(version);
    expect(await stack.redis.get(stack.keys.version)).toBe(version);
  },
);

test.each([
  ['the queue of chat jobs', (prefix: string) => `${prefix}:chat:meta`],
  ['the queue of analysis jobs', (prefix: string) => `${prefix}:analysis:meta`],
  ['the index of jobs', (prefix: string) => `${prefix}:jobs`],
])('data of the first version, which wrote no version, is recognized by %s', async (_, keyOf) => {
  const { redis, keys, prefix } = stack;
  for (const name of await redis.keys(`${prefix}*`)) await redis.unlink(name);
  if (keyOf(prefix).endsWith('meta')) await redis.hset(keyOf(prefix), 'opts.maxLenEvents', 10_000);
  else await redis.zadd(keyOf(prefix), 1, '1');
  await expectUnsupported('1');
  expect(await redis.exists(keys.version)).toBe(0);
});

test('and by its audit events alone', async () => {
  const { redis, keys, prefix } = stack;
  for (const name of await redis.keys(`${prefix}*`)) await redis.unlink(name);
  await redis.xadd(keys.audit, '*', 'event', '{}');
  await expectUnsupported('1');
  expect(await redis.xlen(keys.audit)).toBe(1);
});
