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
  /** Where it comes from, as text. */
  how: string;
  /** Stops the server if `findRedis` started it. The Redis of REDIS_URL keeps running. */
  stop: () => Promise<void>;
  /** If this process is killed, a server that it started ends only after the process `pid` has exited. */
  endAfter: (pid: number) => void;
  /** The server process, if `findRedis` started one. */
  server: Pick<PrivateServer, 'pid' | 'exited' | 'logFile'> | undefined;
}

interface Options {
  /** REDIS_URL. If it is set, nothing else is tried. */
  redisUrl: string | undefined;
  /** Where a server that `findRedis` starts stores its data. */
  dataDir: string;
  /** Keep the data, and take over the server of an earlier start that was killed. */
  persistent: boolean;
  /** Receives a line before each step that is slow or that changes the system. */
  say: (line: string) => void;
}

/**
 * Finds a Redis or starts one. It tries, in this order, REDIS_URL, a server program on PATH, Docker and the system's package
 * manager.
 * @throws {Error} that lists everything that was tried
 */
export async function findRedis(options: Options): Promise<FoundRedis> {
  const { redisUrl, say } = options;
  if (redisUrl !== undefined) return await redisFromUrl(redisUrl);
  const tried = ['REDIS_URL: not set'];

  const onPath = await findServerBinary();
  if (onPath.found) return await startServer(onPath.binary, 'on PATH', options);
  tried.push(`valkey-server or redis-server on PATH: ${onPath.reason}`);

  try {
    return await container(options);
  } catch (error) {
    if (error instanceof DataInUse) throw error;
    const line = `Docker (redis:8-alpine): ${messageOf(error)}`;
    say(`Redis could not be started with ${line}`);
    tried.push(line);
  }

  const installed = await installRedis(say);
  if (installed.installed) {
    const binary = await findServerBinary(installed.binDirs);
    if (binary.found) return await startServer(binary.binary, installed.how, options);
    tried.push(`the package manager: ${installed.how}, but this did not help: ${binary.reason}`);
  } else {
    tried.push(`the package manager: ${installed.reason}`);
  }
  throw new Error(nothingFound(tried));
}

async function redisFromUrl(url: string): Promise<FoundRedis> {
  if (!URL.canParse(url) || !/^rediss?:$/.test(new URL(url).protocol)) {
    throw new Error(
      'REDIS_URL is not a Redis URL. Set it to a URL like redis://127.0.0.1:6379, or remove it to let promptq start a Redis.',
    );
  }
  try {
    await ping(url);
  } catch (error) {
    const reason = messageOf(error);
    throw new Error(
      `REDIS_URL is set to ${withoutPassword(url)}, but no Redis answers PING there: ${reason}. Start that Redis, correct REDIS_URL, or remove it to let promptq start a Redis.`,
      { cause: error },
    );
  }
  return {
    url,
    how: 'from REDIS_URL',
    stop: async () => {},
    endAfter: () => {},
    server: undefined,
  };
}

async function startServer(binary: string, origin: string, options: Options): Promise<FoundRedis> {
  const { dataDir, persistent } = options;
  const { server, takenOver } = persistent
    ? await persistentServer(binary, dataDir)
    : { server: await startPrivateServer({ binary, dataDir }), takenOver: false };
  const how = takenOver
    ? 'taken over from an earlier start'
    : `${binary}, ${origin}, started by promptq`;
  return {
    url: server.url,
    how: `${how}; data in ${dataDir}`,
    stop: server.stop,
    endAfter: server.endAfter,
    server,
  };
}

async function container(options: Options): Promise<FoundRedis> {
  const { url, name, volume, stop } = await startContainer(options);
  const how = `Docker container ${name}${volume === undefined ? '' : `; data in the volume ${volume}`}`;
  // Testcontainers removes the container when this process is killed.
  return { url, how, stop, endAfter: () => {}, server: undefined };
}

function nothingFound(tried: readonly string[]): string {
  return [
    'No Redis was found, and none could be started. promptq tried:',
    ...tried.map((line) => `  - ${line}`),
    'Do one of the following and try again:',
    '  - set REDIS_URL to a Redis (6.2 or later) or Valkey that is running',
    '  - install redis-server or valkey-server (Debian, Ubuntu: sudo apt-get install redis-server; macOS: brew install redis)',
    '  - start Docker',
  ].join('\n');
}
