import path from 'node:path';

import { freePorts } from '../processes/free-port.ts';
import { lastLines } from '../processes/last-lines.ts';
import { signal } from '../processes/terminate.ts';
import { findRedis, type FoundRedis } from '../redis.ts';
import { type Service, startService } from './service.ts';
import type { StartOptions } from './options.ts';
import type { StartSettings } from './settings.ts';
import { localWebhookSecret } from './webhook-secret.ts';
import { chooseUpstream, type Upstream } from './upstream.ts';

/** The running parts: Redis, an upstream, the workers and one API. All of them are ready. */
export interface Stack {
  redis: FoundRedis;
  upstream: Upstream;
  workers: Service[];
  apiUrl: string;
  /** Rejects when a part exits unexpectedly. */
  crashed: Promise<never>;
}

export interface StackOptions {
  options: StartOptions;
  settings: StartSettings;
  environment: NodeJS.ProcessEnv;
  /** The repository. */
  root: string;
  dataDir: string;
  logDir: string;
  say: (line: string) => void;
  /** Aborted when the stack stops. No further part is started then. */
  stopping: AbortSignal;
  /** Registers how a part is stopped. The parts are stopped in reverse order. */
  onStop: (part: string, cleanUp: () => Promise<void>) => void;
  /** Registers how a process is killed when there is no time to stop it. */
  onKill: (kill: () => void) => void;
}

/** Starts all parts and waits until they are ready. The API is started last, so that it is stopped first. */
export async function startStack(stackOptions: StackOptions): Promise<Stack> {
  const { options, settings, stopping, say, onStop, onKill } = stackOptions;
  const redis = await findRedis({
    redisUrl: settings.redisUrl,
    dataDir: stackOptions.dataDir,
    persistent: true,
    say,
  });
  const { server } = redis;
  onStop('Redis', redis.stop);
  // Redis is never killed: with SIGTERM it finishes the append-only file and keeps its data.
  if (server !== undefined) onKill(() => signal(server.pid, 'SIGTERM'));
  stopping.throwIfAborted();
  const upstream = await chooseUpstream(settings);
  onStop('The upstream', upstream.stop);

  const webhooks = await localWebhookSettings(stackOptions);
  const start = async (
    name: string,
    script: string,
    environment: NodeJS.ProcessEnv,
  ): Promise<Service> => {
    stopping.throwIfAborted();
    const service = await startService({
      name,
      script,
      root: stackOptions.root,
      logDir: stackOptions.logDir,
      environment: {
        ...stackOptions.environment,
        ...webhooks,
        REDIS_URL: redis.url,
        ...environment,
      },
    });
    redis.endAfter(service.pid);
    onKill(service.kill);
    return service;
  };
  // A service that has not exited after its own grace period is killed.
  const stopSeconds = settings.graceSeconds + 5;

  const healthPorts = await freePorts(options.workers);
  const workers: Service[] = [];
  onStop(
    'The workers',
    async () => void (await Promise.all(workers.map((worker) => worker.stop(stopSeconds)))),
  );
  for (const [index, port] of healthPorts.entries()) {
    const environment = { ...upstream.environment, HEALTH_PORT: String(port) };
    workers.push(await start(`worker-${index + 1}`, 'packages/worker/src/main.ts', environment));
  }
  // The API never calls the upstream, so it gets no key.
  const apiEnvironment = {
    HOST: '127.0.0.1',
    PORT: String(options.port),
    OPENAI_API_KEY: undefined,
  };
  const api = await start('api', 'packages/api/src/main.ts', apiEnvironment);
  onStop('The API', () => api.stop(stopSeconds));

  const apiUrl = `http://127.0.0.1:${options.port}`;
  const crashed = Promise.race([
    ...[api, ...workers].map((service) => service.crashed),
    redisCrash(redis, stopping),
  ]);
  // Nobody waits for it while the stack is stopping.
  crashed.catch(() => undefined);
  await Promise.race([
    crashed,
    Promise.all([
      api.waitUntilReady(`${apiUrl}/readyz`, stopping),
      ...workers.map((worker, index) =>
        worker.waitUntilReady(`http://127.0.0.1:${healthPorts[index]}/readyz`, stopping),
      ),
    ]),
  ]);
  return { redis, upstream, workers, apiUrl, crashed };
}

/** Defaults that make `pnpm webhook:listen` work without settings: a local secret, and this machine as an allowed receiver. */
async function localWebhookSettings({ settings, root }: StackOptions): Promise<NodeJS.ProcessEnv> {
  return {
    WEBHOOK_SECRET: settings.webhookSecret ?? (await localWebhookSecret(root)),
    WEBHOOK_ALLOWED_HOSTS: settings.webhookAllowedHosts ?? '127.0.0.1,localhost',
  };
}

async function redisCrash(redis: FoundRedis, stopping: AbortSignal): Promise<never> {
  const { server } = redis;
  if (server !== undefined) {
    await server.exited;
    if (!stopping.aborted) {
      const file = path.relative(process.cwd(), server.logFile);
      throw new Error(
        `Redis ended unexpectedly. Its last log lines, from ${file}:\n${await lastLines(server.logFile)}`,
      );
    }
  }
  return await new Promise<never>(() => {});
}
