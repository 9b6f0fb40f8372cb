import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { findProgram } from '../processes/find-program.ts';

const names = ['valkey-server', 'redis-server'] as const;

/** What promptq needs: streams with XAUTOCLAIM (Redis 6.2). Every Valkey has it. */
const oldest = { major: 6, minor: 2 };

export type ServerBinary = { found: true; binary: string } | { found: false; reason: string };

/** The `valkey-server` or `redis-server` on PATH, if it is new enough to be used. */
export async function findServerBinary(extraDirs: readonly string[] = []): Promise<ServerBinary> {
  const binary = await findProgram(names, extraDirs);
  if (binary === undefined) return { found: false, reason: 'not there' };
  const { stdout } = await promisify(execFile)(binary, ['--version']);
  const version = /\bv=(\d+)\.(\d+)/.exec(stdout);
  if (version === null)
    return { found: false, reason: `${binary} tells no version: ${stdout.trim()}` };
  const [major, minor] = [Number(version[1]), Number(version[2])];
  if (major < oldest.major || (major === oldest.major && minor < oldest.minor)) {
    const needed = `${oldest.major}.${oldest.minor}`;
    return { found: false, reason: `${binary} is version ${major}.${minor}, older than ${needed}` };
  }
  return { found: true, binary };
}
