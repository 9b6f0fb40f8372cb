import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installRedis } from '#scripts/redis/package-manager.ts';
import { startPrivateServer, type PrivateServer } from '#scripts/redis/private-server.ts';
import { messageOf } from '#scripts/redis/ping.ts';
import { findServerBinary } from '#scripts/redis/server-binary.ts';

/** A Redis server of one row's own, which can be killed and started again with its data on its port. */
export interface OwnRedis {
  url: string;
  port: number;
  kill(): Promise<void>;
  /** Resolves when it answers PING. */
  restart(): Promise<void>;
  remove(): Promise<void>;
}

let finding: Promise<string> | undefined;

/** Why no server can be killed and restarted here, or `null`: a Redis in a container or of somebody else cannot. */
export async function whyNoServer(): Promise<string | null> {
  try {
    await binary();
    return null;
  } catch (error) {
    return messageOf(error);
  }
}

function binary(): Promise<string> {
  finding ??= find();
  return finding;
}

async function find(): Promise<string> {
  const onPath = await findServerBinary();
  if (onPath.found) return onPath.binary;
  const installed = await installRedis((line) => process.stderr.write(`${line}\n`));
  const later = await findServerBinary(installed.installed ? installed.binDirs : []);
  if (later.found) return later.binary;
  throw new Error(`the faults need a redis-server or valkey-server on PATH: ${onPath.reason}`);
}

/** @param extraArgs of the server, after those of `pnpm start`: append-only file, `everysec`, `noeviction` */
export async function startOwnRedis(extraArgs: readonly string[] = []): Promise<OwnRedis> {
  const dataDir = await mkdtemp(join(tmpdir(), 'promptq-faults-'));
  const options = { binary: await binary(), dataDir, extraArgs };
  let server: PrivateServer = await startPrivateServer(options);
  const { port, url } = server;
  return {
    url,
    port,
    kill: () => server.kill(),
    restart: async () => {
      server = await startPrivateServer({ ...options, port });
    },
    remove: async () => {
      await server.kill();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
