import { execFile } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

import { findProgram } from '../processes/find-program.ts';

const run = promisify(execFile);
const servicePolicy = '/usr/sbin/policy-rc.d';

/** The result of an installation. `binDirs` are folders to search in addition to PATH. */
export type Installed =
  | { installed: true; how: string; binDirs: string[] }
  | { installed: false; reason: string };

/** Installs Redis with the system's package manager: apt (as root, on Debian and Ubuntu) or Homebrew. */
export async function installRedis(say: (line: string) => void): Promise<Installed> {
  if (existsSync('/etc/debian_version')) {
    if (process.getuid?.() === 0) return await installWithApt(say);
    return { installed: false, reason: 'apt-get needs root: sudo apt-get install redis-server' };
  }
  const brew = await findProgram(['brew']);
  if (brew !== undefined) return await installWithBrew(brew, say);
  return {
    installed: false,
    reason: 'this system is neither Debian nor Ubuntu, and Homebrew is not installed',
  };
}

async function installWithApt(say: (line: string) => void): Promise<Installed> {
  say(
    'There is no Redis on this machine. Installing the package redis-server with apt-get; no service is started.',
  );
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const lock = ['-o', 'DPkg::Lock::Timeout=120'];
  const policy = forbidServices();
  // The update fails when one package source cannot be reached, but the package lists may still contain Redis.
  let updateError = '';
  try {
    await run('apt-get', [...lock, 'update', '-q'], { env }).catch((error: unknown) => {
      updateError = ` (apt-get update: ${errorText(error)})`;
    });
    await run(
      'apt-get',
      [...lock, 'install', '-y', '-q', '--no-install-recommends', 'redis-server'],
      { env },
    );
    // The package enables its service, which would start at the next boot.
    if (existsSync('/run/systemd/system'))
      await run('systemctl', ['disable', 'redis-server.service']);
  } catch (error) {
    return { installed: false, reason: `apt-get failed: ${errorText(error)}${updateError}` };
  } finally {
    policy.allow();
  }
  return { installed: true, how: 'installed with apt-get', binDirs: ['/usr/bin'] };
}

/**
 * Keeps the package from starting its service during the installation: the policy file answers 101, see invoke-rc.d(8). An
 * existing policy belongs to the administrator and stays. This one is removed, even if this process ends early.
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
    'There is no Redis on this machine. Installing it with Homebrew (brew install redis); no service is started.',
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
    return { installed: false, reason: `brew install redis failed: ${errorText(error)}` };
  }
}

function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const stderr = 'stderr' in error && typeof error.stderr === 'string' ? error.stderr.trim() : '';
  return stderr === '' ? error.message : stderr.split('\n').slice(-3).join(' ');
}
