import path from 'node:path';

import { freePorts } from '../processes/free-port.ts';
import { lastLines } from '../processes/last-lines.ts';
import { signal } from '../processes/terminate.ts';
import { findRedis, type FoundRedis } from '../redis.ts';
import { type Child, startChild } from './child.ts';
import type { StartOptions } from './options.ts';
import type { StartSettings } from './settings.ts';
import { localWebhookSecret } from './webhook-secret.ts';
import { chooseUpstream, type Upstream } from './upstream.ts';

/** What runs: a Redis, an upstream, the workers and one API, all ready. */
export interface Stack {
  redis: FoundRedis;
  upstream: Upstream;
  workers: Child[];
  apiUrl: string;
  /** Rejects when a part of it ends on its own. */
  brokenDown: Promise<never>;
}

interface Surroundings {
  options: StartOptions;
  settings: StartSettings;
  environment: NodeJS.ProcessEnv;
  /** The repository. */
  root: string;
  dataDir: string;
  logDir: string;
  say: (line: string) => void;
  /** Aborted when everything is to stop: nothing more is started. */
  stopping: AbortSignal;
  /** Registers the undo of a part when it is made; they run last first. */
  onStop: (what: string, undo: () => Promise<void>) => void;
  /** Registers a process to be killed when there is no time to stop it. */
  onKill: (kill: () => void) => void;
}

/** Starts every part and waits until all are ready. The order makes its reverse the order of stopping: the API first. */
export async function startStack(at: Surroundings): Promise<Stack> {
  const { options, settings, stopping, say, onStop, onKill } = at;
  const redis = await findRedis({
    redisUrl: settings.redisUrl,
    dataDir: at.dataDir,
    persistent: true,
    say,
  });
  const { server } = redis;
  onStop('Redis', redis.stop);
  // Even without time it keeps its data: SIGTERM lets it finish the append-only file.
  if (server !== undefined) onKill(() => signal(server.pid, 'SIGTERM'));
  stopping.throwIfAborted();
  const upstream = await chooseUpstream(settings);
  onStop('the upstream', upstream.stop);

  const webhooks = await localWebhooks(at);
  const start = async (
    name: string,
    script: string,
    environment: NodeJS.ProcessEnv,
  ): Promise<Child> => {
    stopping.throwIfAborted();
    const child = await startChild({
      name,
      script,
      root: at.root,
      logDir: at.logDir,
      environment: { ...at.environment, ...webhooks, REDIS_URL: redis.url, ...environment },
    });
    redis.outlive(child.pid);
    onKill(child.kill);
    return child;
  };
  // The services are killed when their own grace has not been enough.
  const stopSeconds = settings.graceSeconds + 5;

  const healthPorts = await freePorts(options.workers);
  const workers: Child[] = [];
  onStop(
    'the workers',
    async () => void (await Promise.all(workers.map((worker) => worker.stop(stopSeconds)))),
  );
  for (const [index, port] of healthPorts.entries()) {
    const environment = { ...upstream.environment, HEALTH_PORT: String(port) };
    workers.push(await start(`worker-${index + 1}`, 'packages/worker/src/main.ts', environment));
  }
  // The API never calls the upstream and gets no key.
  const apiEnvironment = {
    HOST: '127.0.0.1',
    PORT: String(options.port),
    OPENAI_API_KEY: undefined,
  };
  const api = await start('api', 'packages/api/src/main.ts', apiEnvironment);
  onStop('the API', () => api.stop(stopSeconds));

  const apiUrl = `http://127.0.0.1:${options.port}`;
  const children = [api, ...workers];
  const brokenDown = Promise.race([
    ...children.map((child) => child.diedAlone),
    redisGone(redis, stopping),
  ]);
  // Whoever waits sees it; nobody waits while everything is being stopped.
  brokenDown.catch(() => undefined);
  await Promise.race([
    brokenDown,
    Promise.all([
      api.untilReady(`${apiUrl}/readyz`, stopping),
      ...workers.map((worker, index) =>
        worker.untilReady(`http://127.0.0.1:${healthPorts[index]}/readyz`, stopping),
      ),
    ]),
  ]);
  return { redis, upstream, workers, apiUrl, brokenDown };
}

/** So that `pnpm webhook:listen` works at once: a secret of our own, and this machine as a receiver, unless they are set. */
async function localWebhooks({ settings, root }: Surroundings): Promise<NodeJS.ProcessEnv> {
  return {
    WEBHOOK_SECRET: settings.webhookSecret ?? (await localWebhookSecret(root)),
    WEBHOOK_ALLOWED_HOSTS: settings.webhookAllowedHosts ?? '127.0.0.1,localhost',
  };
}

async function redisGone(redis: FoundRedis, stopping: AbortSignal): Promise<never> {
  const { server } = redis;
  if (server !== undefined) {
    await server.gone;
    if (!stopping.aborted) {
      const file = path.relative(process.cwd(), server.logFile);
      throw new Error(
        `Redis ended unexpectedly. Its last log lines, from ${file}:\n${await lastLines(server.logFile)}`,
      );
    }
  }
  return await new Promise<never>(() => {});
}
