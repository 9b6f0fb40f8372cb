/** A worker process that does nothing but send webhooks. */
import { run } from '@promptq/shared/lifecycle';
import { createLogger } from '@promptq/shared/logging';
import { readSettings } from '@promptq/shared/settings';
import { signingSecrets, targetGuard } from '@promptq/shared/webhooks';
import { workerSettingsSchema } from '@promptq/worker/settings';
import { consumeDeliveries } from '#packages/worker/src/bullmq-worker/consume-deliveries.ts';
import { blockedEvent } from '#packages/worker/src/webhooks/blocked-event.ts';
import { openRawStore } from './raw-store.ts';

const settings = readSettings(workerSettingsSchema, process.env);
const workerName = `webhooks-${process.pid}`;
const log = createLogger({ service: 'worker', level: settings.LOG_LEVEL });

await run({ log, graceSeconds: settings.SHUTDOWN_GRACE_SECONDS }, async (runner) => {
  const store = openRawStore({ url: settings.REDIS_URL, prefix: settings.REDIS_PREFIX, log });
  runner.onStop('store', () => store.close());
  await store.start(runner.stopping);
  const consumer = consumeDeliveries({
    store,
    settings,
    log,
    secrets: signingSecrets(settings),
    guard: targetGuard(settings.WEBHOOK_ALLOWED_HOSTS),
    auditBlocked: (delivery) => store.audit.appendOnce(blockedEvent(delivery, workerName)),
    workerName,
    transport: { trySeconds: Number(process.env['TRY_SECONDS'] ?? 15) },
  });
  runner.onStop('webhooks', (endsAtMs) => consumer.close(endsAtMs));
  log.info('ready');
});
