import { createHash, randomBytes } from 'node:crypto';
import path from 'node:path';

import {
  type ContainerRuntimeClient,
  GenericContainer,
  getContainerRuntimeClient,
} from 'testcontainers';

import { isAlive } from '../processes/terminate.ts';
import { DataInUse } from './data-in-use.ts';
import { waitForPing } from './ping.ts';

const image = 'redis:8-alpine';
const redisPort = 6379;
const readySeconds = 60;
const stopSeconds = 10;
const dataDirLabel = 'promptq.data-dir';
const ownerLabel = 'promptq.owner-pid';

/**
 * Starts Redis in a container with Testcontainers, which removes the container when this process is killed. A persistent
 * server keeps its data in a volume whose name is derived from `dataDir`; only one container uses it at a time.
 */
export async function startContainer(options: {
  dataDir: string;
  persistent: boolean;
}): Promise<{ url: string; name: string; volume: string | undefined; stop: () => Promise<void> }> {
  const client = await dockerClient();
  const dataDir = path.resolve(options.dataDir);
  const volume = options.persistent ? volumeOf(dataDir) : undefined;
  // The port is published on every address of the machine, so the server needs a password.
  const password = randomBytes(16).toString('hex');
  const container = new GenericContainer(image)
    .withExposedPorts(redisPort)
    .withCommand(serverCommand(password))
    .withLabels({ [dataDirLabel]: dataDir, [ownerLabel]: String(process.pid) });
  if (volume !== undefined) {
    await removeOrphan(client, dataDir);
    container.withName(volume).withBindMounts([{ source: volume, target: '/data' }]);
  }
  const started = await container.start();
  const stop = async () => void (await started.stop({ timeout: stopSeconds * 1000 }));
  const url = `redis://:${password}@${started.getHost()}:${started.getMappedPort(redisPort)}`;
  try {
    await waitForPing(url, { seconds: readySeconds, failure: () => undefined });
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, name: started.getName().replace(/^\//, ''), volume, stop };
}

async function dockerClient(): Promise<ContainerRuntimeClient> {
  try {
    return await getContainerRuntimeClient();
  } catch (error) {
    throw new Error('no Docker engine answers', { cause: error });
  }
}

/** Removes the container of a `pnpm start` that was killed. Two servers on one append-only file would destroy it. */
async function removeOrphan(client: ContainerRuntimeClient, dataDir: string): Promise<void> {
  const orphan = await client.container.fetchByLabel(dataDirLabel, dataDir);
  if (orphan === undefined) return;
  const { Config: config } = await client.container.inspect(orphan);
  const owner = Number(config.Labels[ownerLabel]);
  if (isAlive(owner)) {
    throw new DataInUse(`the Redis container of ${dataDir}`, owner);
  }
  await client.container.stop(orphan, { timeout: stopSeconds * 1000 });
  await client.container.remove(orphan);
}

function serverCommand(password: string): string[] {
  const settings = `--requirepass ${password} --dir /data --appendonly yes --appendfsync everysec --maxmemory-policy noeviction`;
  return ['redis-server', ...settings.split(' '), '--save', ''];
}

/** The name of the volume and of its container. Each checkout has its own. */
function volumeOf(dataDir: string): string {
  return `promptq-redis-${createHash('sha256').update(dataDir).digest('hex').slice(0, 12)}`;
}
