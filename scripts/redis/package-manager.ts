import { execFile } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

import { findProgram } from '../processes/find-program.ts';

const run = promisify(execFile);
const servicePolicy = '/usr/sbin/policy-rc.d';

/** Installing Redis either worked (`binDirs`: where to look besides PATH), or why it was not possible. */
export type Installed =
  | { installed: true; how: string; binDirs: string[] }
  | { installed: false; reason: string };

/** Installs Redis with the system's package manager: apt as root on Debian and Ubuntu, else Homebrew. */
export async function installRedis(say: (line: string) => void): Promise<Installed> {
  if (existsSync('/etc/debian_version')) {
    if (process.getuid?.() === 0) return await installWithApt(say);
    return { installed: false, reason: 'apt-get needs root: sudo apt-get install redis-server' };
  }
  const brew = await findProgram(['brew']);
  if (brew !== undefined) return await installWithBrew(brew, say);
  return { installed: false, reason: 'neither a Debian or Ubuntu nor Homebrew' };
}

async function installWithApt(say: (line: string) => void): Promise<Installed> {
  say(
    'No Redis on this machine: installing the package redis-server with apt-get (as root, no service is started)',
  );
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const lock = ['-o', 'DPkg::Lock::Timeout=120'];
  const policy = forbidServices();
  // One package source that cannot be reached fails the update, yet the lists may still know Redis.
  let updateFailure = '';
  try {
    await run('apt-get', [...lock, 'update', '-q'], { env }).catch((error: unknown) => {
      updateFailure = ` (apt-get update: ${lastWords(error)})`;
    });
    await run(
      'apt-get',
      [...lock, 'install', '-y', '-q', '--no-install-recommends', 'redis-server'],
      { env },
    );
    // Installed is enabled: without this the service would start with the next boot.
    if (existsSync('/run/systemd/system'))
      await run('systemctl', ['disable', 'redis-server.service']);
  } catch (error) {
    return { installed: false, reason: `apt-get failed: ${lastWords(error)}${updateFailure}` };
  } finally {
    policy.allow();
  }
  return { installed: true, how: 'installed with apt-get', binDirs: ['/usr/bin'] };
}

/**
 * A package starts its service when it is installed unless this policy file says no (101, see invoke-rc.d(8)). A policy
 * that is already there is the administrator's and stays; ours goes, also when this process is ended meanwhile.
 */
function forbidServices(): { allow: () => void } {
  if (existsSync(servicePolicy)) return { allow: () => undefined };
  writeFileSync(servicePolicy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  const remove = () => rmSync(servicePolicy, { force: true });
  process.once('exit', remove);
  return {
    allow: () => {
      process.off('exit', remove);
      remove();
    },
  };
}

async function installWithBrew(brew: string, say: (line: string) => void): Promise<Installed> {
  say(
    'No Redis on this machine: installing it with Homebrew (brew install redis; no service is started)',
  );
  try {
    await run(brew, ['install', 'redis']);
    const { stdout } = await run(brew, ['--prefix']);
    return {
      installed: true,
      how: 'installed with Homebrew',
      binDirs: [path.join(stdout.trim(), 'bin')],
    };
  } catch (error) {
    return { installed: false, reason: `brew install redis failed: ${lastWords(error)}` };
  }
}

function lastWords(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const stderr = 'stderr' in error && typeof error.stderr === 'string' ? error.stderr.trim() : '';
  return stderr === '' ? error.message : stderr.split('\n').slice(-3).join(' ');
}
