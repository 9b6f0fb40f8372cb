import { startContainer } from './redis/container.ts';
import { DataInUse } from './redis/data-in-use.ts';
import { installRedis } from './redis/package-manager.ts';
import { persistentServer } from './redis/persistent-server.ts';
import { messageOf, ping, withoutPassword } from './redis/ping.ts';
import { type PrivateServer, startPrivateServer } from './redis/private-server.ts';
import { findServerBinary } from './redis/server-binary.ts';

/** A Redis that answered PING. */
export interface FoundRedis {
  url: string;
  /** Where it comes from, in one line for people. */
  how: string;
  /** Ends it if it is ours; one that was given by REDIS_URL is left alone. */
  stop: () => Promise<void>;
  /** When this process is killed, a server of ours is ended only after that process is gone. */
  outlive: (pid: number) => void;
  /** A server process of ours: resolves when it is gone, so that a crash can be noticed. */
  server: Pick<PrivateServer, 'pid' | 'gone' | 'logFile'> | undefined;
}

interface Options {
  /** REDIS_URL. When it is given, nothing else is tried. */
  redisUrl: string | undefined;
  /** Where the data of a server of ours goes: a directory that stays for `pnpm start`, a temporary one for tests. */
  dataDir: string;
  /** Keep the data, and take over a server that an earlier start left behind on it. */
  persistent: boolean;
  /** Gets a line before something slow or far-reaching is done. */
  say: (line: string) => void;
}

/**
 * Finds a Redis or starts one: REDIS_URL, a server program on PATH, Docker, the system's package manager, in this order.
 * Rejects with one error that lists everything tried.
 */
export async function findRedis(options: Options): Promise<FoundRedis> {
  const { redisUrl, say } = options;
  if (redisUrl !== undefined) return await givenRedis(redisUrl);
  const tried = ['REDIS_URL: not set'];

  const onPath = await findServerBinary();
  if (onPath.found) return await ownServer(onPath.binary, 'on PATH', options);
  tried.push(`valkey-server or redis-server on PATH: ${onPath.reason}`);

  try {
    return await container(options);
  } catch (error) {
    if (error instanceof DataInUse) throw error;
    const line = `Docker (redis:8-alpine): ${messageOf(error)}`;
    say(`no Redis from ${line}`);
    tried.push(line);
  }

  const installed = await installRedis(say);
  if (installed.installed) {
    const binary = await findServerBinary(installed.binDirs);
    if (binary.found) return await ownServer(binary.binary, installed.how, options);
    tried.push(`the package manager: ${installed.how}, but the server is ${binary.reason}`);
  } else {
    tried.push(`the package manager: ${installed.reason}`);
  }
  throw new Error(nothingFound(tried));
}

async function givenRedis(url: string): Promise<FoundRedis> {
  try {
    await ping(url);
  } catch (error) {
    const reason = messageOf(error);
    throw new Error(
      `REDIS_URL is set to ${withoutPassword(url)}, but that does not answer PING: ${reason}`,
      { cause: error },
    );
  }
  return { url, how: 'from REDIS_URL', stop: async () => {}, outlive: () => {}, server: undefined };
}

async function ownServer(binary: string, origin: string, options: Options): Promise<FoundRedis> {
  const { dataDir, persistent } = options;
  const { server, leftBehind } = persistent
    ? await persistentServer(binary, dataDir)
    : { server: await startPrivateServer({ binary, dataDir }), leftBehind: false };
  const how = leftBehind
    ? 'left running by an earlier start, taken over'
    : `${binary}, ${origin}, started privately`;
  return {
    url: server.url,
    how: `${how}; data in ${dataDir}`,
    stop: server.stop,
    outlive: server.outlive,
    server,
  };
}

async function container(options: Options): Promise<FoundRedis> {
  const { url, name, volume, stop } = await startContainer(options);
  const how = `Docker container ${name}${volume === undefined ? '' : `; data in the volume ${volume}`}`;
  // Testcontainers' own reaper removes the container when this process is killed.
  return { url, how, stop, outlive: () => {}, server: undefined };
}

function nothingFound(tried: readonly string[]): string {
  return [
    'No Redis was found and none could be started. Tried:',
    ...tried.map((line) => `  - ${line}`),
    'Do one of these and try again:',
    '  - set REDIS_URL to a Redis (6.2 or later) or Valkey that you have',
    '  - install redis-server or valkey-server (Debian, Ubuntu: sudo apt-get install redis-server; macOS: brew install redis)',
    '  - start Docker',
  ].join('\n');
}
