import { readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { ReplyError } from 'ioredis';

import { endWithParent } from '../processes/end-with-parent.ts';
import { isAlive, signal } from '../processes/terminate.ts';
import { DataInUse } from './data-in-use.ts';
import { withRedis } from './ping.ts';
import { type PrivateServer, privateServer, startPrivateServer } from './private-server.ts';

/** Describes the server of a data directory. It is stored with the data, so that a later start finds the server. */
interface ServerRecord {
  pid: number;
  port: number;
  watcherPid: number;
  /** The process that started the server or took it over. */
  ownerPid: number;
}

/**
 * Starts the server of `dataDir`, or takes over the one of an earlier `pnpm start` that was killed. Two servers on one
 * append-only file would destroy it.
 * @throws {DataInUse} when the `pnpm start` that owns the server is still running
 */
export async function persistentServer(
  binary: string,
  dataDir: string,
): Promise<{ server: PrivateServer; takenOver: boolean }> {
  const running = await takeOver(dataDir);
  const server = running ?? (await startPrivateServer({ binary, dataDir }));
  const { pid, port, watcherPid } = server;
  const record: ServerRecord = { pid, port, watcherPid, ownerPid: process.pid };
  // Written to a new file and renamed: after a crash there is the old record or the new one, never half of one.
  await writeFile(`${recordFile(dataDir)}.new`, `${JSON.stringify(record)}\n`);
  await rename(`${recordFile(dataDir)}.new`, recordFile(dataDir));
  const stop = async () => {
    await server.stop();
    await rm(recordFile(dataDir), { force: true });
  };
  return { server: { ...server, stop }, takenOver: running !== undefined };
}

async function takeOver(dataDir: string): Promise<PrivateServer | undefined> {
  const record = await readRecord(dataDir);
  if (record === undefined || !isAlive(record.pid)) return undefined;
  const url = `redis://127.0.0.1:${record.port}`;
  if (!(await isServerOf(url, record.pid, dataDir))) return undefined;
  if (isAlive(record.ownerPid)) {
    throw new DataInUse(`the Redis of ${dataDir} (${url})`, record.ownerPid);
  }
  // The watcher of the killed start ends the server within 100 ms, unless it is killed first.
  signal(record.watcherPid, 'SIGKILL');
  await sleep(500);
  if (!(await isServerOf(url, record.pid, dataDir))) return undefined;
  const watcher = endWithParent(record.pid);
  return privateServer({
    url,
    port: record.port,
    pid: record.pid,
    logFile: path.join(dataDir, 'server.log'),
    watcher,
  });
}

/** Whether the server at `url` has this pid and this directory. After a reboot, another process may have the pid or the port. */
async function isServerOf(url: string, pid: number, dataDir: string): Promise<boolean> {
  try {
    return await withRedis(url, async (redis) => {
      const info = await redis.info('server');
      const [, dir] = (await redis.config('GET', 'dir')) as [string, string];
      return (
        info.includes(`process_id:${pid}\r`) && (await realpath(dir)) === (await realpath(dataDir))
      );
    });
  } catch (error) {
    const isRefused = error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED';
    if (isRefused || error instanceof ReplyError) return false;
    // It listens but does not answer. It may be the server, and a second one must never use its data.
    throw new Error(
      `process ${pid} seems to be the Redis of ${dataDir}, but it does not answer at ${url}. End this process and try again.`,
      {
        cause: error,
      },
    );
  }
}

async function readRecord(dataDir: string): Promise<ServerRecord | undefined> {
  let text: string;
  try {
    text = await readFile(recordFile(dataDir), 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  const value = parseJson(text);
  if (isServerRecord(value)) return value;
  throw new Error(
    `${recordFile(dataDir)} is damaged. Stop the Redis that uses ${dataDir}, if it is still running, and remove the file.`,
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // The caller reports the damaged file.
  }
}

function isServerRecord(value: unknown): value is ServerRecord {
  if (typeof value !== 'object' || value === null) return false;
  const fields = new Map(Object.entries(value));
  return ['pid', 'port', 'watcherPid', 'ownerPid'].every((name) =>
    Number.isInteger(fields.get(name)),
  );
}

function recordFile(dataDir: string): string {
  return path.join(dataDir, 'server.json');
}
