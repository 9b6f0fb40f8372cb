import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findRedis } from '#scripts/redis.ts';

export interface OwnRedis {
  url: string;
  stop(): Promise<void>;
}

/** A Redis of one test's own, whose settings it may change: the one of all tests may be somebody else's. */
export async function startOwnRedis(): Promise<OwnRedis> {
  const dataDir = await mkdtemp(join(tmpdir(), 'promptq-own-'));
  const server = await findRedis({
    redisUrl: undefined,
    dataDir,
    persistent: false,
    say: () => undefined,
  });
  return {
    url: server.url,
    stop: async () => {
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
