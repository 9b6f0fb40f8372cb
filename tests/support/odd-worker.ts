/**
 * A worker process with a processor's dependency that misbehaves as the job's message says: what code of
 * ours, or of a library, could do one day.
 */
import { run } from '@promptq/shared/lifecycle';
import { createLogger } from '@promptq/shared/logging';
import { connectPatiently } from '@promptq/shared/redis';
import { readSettings } from '@promptq/shared/settings';
import { runWorker, type RunWorkerDeps } from '@promptq/worker/run-worker';
import { workerSettingsSchema } from '@promptq/worker/settings';

const settings = readSettings(workerSettingsSchema, process.env);
const log = createLogger({ service: 'worker', level: settings.LOG_LEVEL });

const misbehave: Record<string, () => unknown> = {
  'throw null': () => {
    throw null;
  },
  'throw undefined': () => {
    throw undefined;
  },
  'throw text': () => {
    throw 'a text';
  },
  'throw a hostile object': () => {
    throw new Proxy({}, { get: () => 'trap', has: () => true });
  },
  'throw an error that pretends': () => {
    throw Object.assign(new Error('bullmq:rateLimitExceeded'), { name: 'WaitingError', stack: 7 });
  },
  'a rejected promise nobody awaits': () => {
    void Promise.reject(new Error('nobody listens'));
  },
  'a huge answer': () => 'x'.repeat(10_000_000),
};

const complete: RunWorkerDeps['complete'] = async (request) => {
  const message = request.messages[0]?.content;
  const text = typeof message === 'string' ? misbehave[message]?.() : undefined;
  return {
    text: typeof text === 'string' ? text : 'fine',
    finishReason: 'stop',
    model: request.model,
    usage: { input_tokens: 1, output_tokens: 1, total_tokens: 2 },
  };
};

await run({ log, graceSeconds: settings.SHUTDOWN_GRACE_SECONDS }, async (runner) => {
  const redis = connectPatiently(settings.REDIS_URL, log);
  const [blocking, subscriber] = [redis.duplicate(), redis.duplicate()];
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
    workerName: 'odd',
  });
  runner.onStop('consumers', (endsAtMs) => consumers.close(endsAtMs));
  log.info('ready');
});
