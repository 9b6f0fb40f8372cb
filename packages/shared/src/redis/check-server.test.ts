import { pino } from 'pino';
import { expect, test } from 'vitest';
import { checkServer } from './check-server.ts';

const good = {
  redis_version: '7.2.0',
  maxmemory_policy: 'noeviction',
  aof_enabled: '1',
  cluster_enabled: '0',
};

async function check(info: Record<string, string>): Promise<string> {
  let log = '';
  const text = Object.entries({ ...good, ...info }).map(([name, value]) => `${name}:${value}`);
  const redis = { info: async () => ['# Server', ...text, ''].join('\r\n') };
  await checkServer(redis as never, pino({}, { write: (line) => (log += line) }));
  return log;
}

test('a server that keeps everything is taken without a word', async () => {
  expect(await check({})).toBe('');
  expect(await check({ redis_version: '6.2.0' })).toBe('');
  expect(await check({ redis_version: '10.0.0' })).toBe('');
});

test.each(['6.0.16', '5.0.7', '3.2'])('Redis %s is too old', async (redis_version) => {
  await expect(check({ redis_version })).rejects.toThrow('promptq needs Redis >= 6.2, or Valkey');
});

test('Valkey is taken, whatever Redis version it claims for old clients', async () => {
  expect(await check({ valkey_version: '8.0.0', redis_version: '6.0.0' })).toBe('');
});

test('a cluster is refused', async () => {
  await expect(check({ cluster_enabled: '1' })).rejects.toThrow('Redis Cluster');
});

test('what can be lost is said loudly', async () => {
  expect(await check({ maxmemory_policy: 'allkeys-lru' })).toContain('REDIS MAY EVICT JOBS');
  expect(await check({ aof_enabled: '0' })).toContain('REDIS KEEPS NO APPEND-ONLY FILE');
});
