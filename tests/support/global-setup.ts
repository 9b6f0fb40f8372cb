import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { findRedis } from '#scripts/redis.ts';

declare module 'vitest' {
  interface ProvidedContext {
    redisUrl: string;
  }
}

/** One Redis for the whole run; every test has a key prefix of its own on it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dataDir = await mkdtemp(join(tmpdir(), 'promptq-test-'));
  const redis = await findRedis({
    redisUrl: process.env['REDIS_URL'] || undefined,
    dataDir,
    persistent: false,
    say: (line) => process.stdout.write(`${line}\n`),
  });
  process.stdout.write(`tests use ${redis.how}\n`);
  project.provide('redisUrl', redis.url);
  return async () => {
    await redis.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
}
