import { readFile } from 'node:fs/promises';
import { arch, availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';
import path from 'node:path';
import type { Redis } from 'ioredis';
import { redisVersion } from '../harness/redis-figures.ts';
import { root } from '../harness/service.ts';

const libraries = ['bullmq', 'ioredis', 'express', 'zod', 'openai', 'autocannon'];

/** The versions of promptq, its runtime, Redis and the libraries. */
export async function versionsOf(redis: Redis): Promise<Record<string, string>> {
  const installed = await Promise.all(
    libraries.map(async (name) => [name, await versionIn(`node_modules/${name}`)] as const),
  );
  return {
    promptq: await versionIn('.'),
    node: process.versions.node,
    redis: await redisVersion(redis),
    ...Object.fromEntries(installed),
  };
}

async function versionIn(folder: string): Promise<string> {
  const text = await readFile(path.join(root, folder, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

export interface Machine {
  cpu: string;
  cores: number;
  memoryGb: number;
  system: string;
  /** The load average of the last minute before the first scenario; about 0 on a quiet machine. */
  loadBefore: number;
}

export function machine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()} ${arch()}`,
    loadBefore: Number((loadavg()[0] ?? 0).toFixed(2)),
  };
}
