import { readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { ReplyError } from 'ioredis';

import { endWithUs } from '../processes/end-with-us.ts';
import { isAlive, signal } from '../processes/terminate.ts';
import { DataInUse } from './data-in-use.ts';
import { withRedis } from './ping.ts';
import { type PrivateServer, privateServer, startPrivateServer } from './private-server.ts';

/** Who runs the server of a data directory; written beside the data, so that a later start finds it. */
interface ServerRecord {
  pid: number;
  port: number;
  watcherPid: number;
  /** The process that started the server, or took it over. */
  ownerPid: number;
}

/**
 * The one server of `dataDir`: the one that an earlier start left behind when it was killed, else a new one. Two servers
 * on one append-only file would destroy it. Rejects when the start that owns the server is still running.
 */
export async function persistentServer(
  binary: string,
  dataDir: string,
): Promise<{ server: PrivateServer; leftBehind: boolean }> {
  const left = await takeOver(dataDir);
  const server = left ?? (await startPrivateServer({ binary, dataDir }));
  const { pid, port, watcherPid } = server;
  const record: ServerRecord = { pid, port, watcherPid, ownerPid: process.pid };
  // Written beside and moved into place: a crash leaves the old record or the new one, never half of one.
  await writeFile(`${recordFile(dataDir)}.new`, `${JSON.stringify(record)}\n`);
  await rename(`${recordFile(dataDir)}.new`, recordFile(dataDir));
  const stop = async () => {
    await server.stop();
    await rm(recordFile(dataDir), { force: true });
  };
  return { server: { ...server, stop }, leftBehind: left !== undefined };
}

async function takeOver(dataDir: string): Promise<PrivateServer | undefined> {
  const record = await readRecord(dataDir);
  if (record === undefined || !isAlive(record.pid)) return undefined;
  const url = `redis://127.0.0.1:${record.port}`;
  if (!(await isServerOf(url, record.pid, dataDir))) return undefined;
  if (isAlive(record.ownerPid)) {
    throw new DataInUse(`the Redis of ${dataDir} (${url})`, record.ownerPid);
  }
  // The watcher of the dead start is about to end the server, or has just told it to: it would be gone in 100 ms.
  signal(record.watcherPid, 'SIGKILL');
  await sleep(500);
  if (!(await isServerOf(url, record.pid, dataDir))) return undefined;
  const tie = endWithUs(record.pid);
  return privateServer({
    url,
    port: record.port,
    pid: record.pid,
    logFile: path.join(dataDir, 'server.log'),
    tie,
  });
}

/** Whether the server at `url` is that process with that directory: after a reboot a pid and a port may be another's. */
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
    const nobodyListens =
      error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED';
    if (nobodyListens || error instanceof ReplyError) return false;
    // It listens but does not answer: a second server on its data is the one thing that must not happen.
    throw new Error(
      `process ${pid} seems to be the Redis of ${dataDir}, but does not answer at ${url}: end it`,
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
    `${recordFile(dataDir)} is damaged. End the Redis that uses ${dataDir}, if one still runs, then remove the file.`,
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // Damaged, as the caller says.
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
