import type { Redis } from 'ioredis';
import type { Logger } from '@promptq/shared/logging';

const minRedisVersion = [6, 2] as const;

/**
 * Checks that the server keeps what promptq's guarantees depend on. A warning says what can be lost. The check uses
 * INFO only, because managed services often forbid CONFIG.
 * @throws {Error} when promptq cannot work with this server, because it is too old or a Redis Cluster
 */
export async function checkServer(redis: Redis, log: Logger): Promise<void> {
  const info = parseInfo(await redis.info());
  const version = info.get('redis_version') ?? '0';
  if (!info.has('valkey_version') && isOlder(version)) {
    throw new Error(`Redis ${version} is too old: promptq needs Redis >= 6.2, or Valkey.`);
  }
  if (info.get('cluster_enabled') === '1') {
    throw new Error(
      'promptq does not support Redis Cluster. Use a single Redis. For failover, use a managed Redis whose address always leads to the primary.',
    );
  }
  const policy = info.get('maxmemory_policy');
  if (policy !== undefined && policy !== 'noeviction') {
    log.warn(
      { maxmemory_policy: policy },
      'REDIS MAY EVICT JOBS: accepted jobs and audit events can vanish when memory runs out. Set maxmemory-policy noeviction.',
    );
  }
  if (info.get('aof_enabled') === '0') {
    log.warn(
      { aof_enabled: '0' },
      'REDIS KEEPS NO APPEND-ONLY FILE: when Redis restarts, it loses the accepted jobs and audit events since its last snapshot. Set appendonly yes.',
    );
  }
}

function parseInfo(info: string): Map<string, string> {
  const pairs = info
    .split('\r\n')
    .filter((line) => line.includes(':'))
    .map((line): [string, string] => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1)];
    });
  return new Map(pairs);
}

function isOlder(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < minRedisVersion[0] || (major === minRedisVersion[0] && minor < minRedisVersion[1]);
}
