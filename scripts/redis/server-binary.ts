import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { findProgram } from '../processes/find-program.ts';

const names = ['valkey-server', 'redis-server'] as const;

/** promptq needs Redis 6.2 for XAUTOCLAIM. Every version of Valkey has it. */
const minVersion = { major: 6, minor: 2 };

export type ServerBinary = { found: true; binary: string } | { found: false; reason: string };

/** Finds `valkey-server` or `redis-server` on PATH, if its version is new enough. */
export async function findServerBinary(extraDirs: readonly string[] = []): Promise<ServerBinary> {
  const binary = await findProgram(names, extraDirs);
  if (binary === undefined) return { found: false, reason: 'not installed' };
  const { stdout } = await promisify(execFile)(binary, ['--version']);
  const version = /\bv=(\d+)\.(\d+)/.exec(stdout);
  if (version === null)
    return { found: false, reason: `${binary} --version prints no version: ${stdout.trim()}` };
  const [major, minor] = [Number(version[1]), Number(version[2])];
  if (major < minVersion.major || (major === minVersion.major && minor < minVersion.minor)) {
    const needed = `${minVersion.major}.${minVersion.minor}`;
    return {
      found: false,
      reason: `${binary} has version ${major}.${minor}, but ${needed} is needed`,
    };
  }
  return { found: true, binary };
}
