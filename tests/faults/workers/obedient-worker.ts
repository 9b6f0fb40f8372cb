/**
 * A worker process that does to itself what the upstream tells it in its answer: `die` (SIGKILL) or
 * `block <ms>` (the event loop stands still). Everything else of it is the worker as it is.
 */
import { run } from '@promptq/shared/lifecycle';
import { createLogger } from '@promptq/shared/logging';
import { connectPatiently } from '@promptq/shared/redis';
import { readSettings } from '@promptq/shared/settings';
import { runWorker, type RunWorkerDeps } from '@promptq/worker/run-worker';
import { workerSettingsSchema } from '@promptq/worker/settings';
import { die, upstreamCall } from './upstream-call.ts';

const settings = readSettings(workerSettingsSchema, process.env);
const workerName = `obedient-${process.pid}`;
const log = createLogger({ service: 'worker', level: settings.LOG_LEVEL }).child({
  worker: workerName,
});

const call = upstreamCall(settings.OPENAI_BASE_URL ?? '', settings.OPENAI_API_KEY ?? '');
const complete: RunWorkerDeps['complete'] = async (request, options) => {
  const completion = await call(request, options);
  if (completion.text === 'die') die();
  const blockMs = /^block (\d+)$/.exec(completion.text)?.[1];
  if (blockMs !== undefined) {
    const endsAt = Date.now() + Number(blockMs);
    while (Date.now() < endsAt); // As a regular expression gone wild, or a huge JSON text, would.
  }
  return completion;
};

await run({ log, graceSeconds: settings.SHUTDOWN_GRACE_SECONDS }, async (runner) => {
  const redis = connectPatiently(settings.REDIS_URL, log);
  const [blocking, subscriber] = [redis.duplicate(), redis.duplicate()];
  for (const connection of [blocking, subscriber]) connection.on('error', () => undefined);
  runner.onStop('redis', () =>
    [redis, blocking, subscriber].forEach((connection) => connection.disconnect()),
  );
  const consumers = await runWorker({
    settings,
    log,
    redis,
    blocking,
    subscriber,
    complete,
    workerName,
  });
  runner.onStop('consumers', (endsAtMs) => consumers.close(endsAtMs));
  log.info('ready');
});
