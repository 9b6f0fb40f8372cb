/** A worker process that does nothing but send webhooks. */
import { Redis } from 'ioredis';
import { run } from '@promptq/shared/lifecycle';
import { createLogger } from '@promptq/shared/logging';
import { redisKeys } from '@promptq/shared/redis';
import { readSettings } from '@promptq/shared/settings';
import { signingSecrets, targetGuard } from '@promptq/shared/webhooks';
import { workerSettingsSchema } from '@promptq/worker/settings';
import { blockedAudit } from '#packages/worker/src/webhooks/audit-blocked.ts';
import { consumeDeliveries } from '#packages/worker/src/webhooks/consume-deliveries.ts';

const settings = readSettings(workerSettingsSchema, process.env);
const workerName = `webhooks-${process.pid}`;
const log = createLogger({ service: 'worker', level: settings.LOG_LEVEL });

await run({ log, graceSeconds: settings.SHUTDOWN_GRACE_SECONDS }, async (runner) => {
  const redis = new Redis(settings.REDIS_URL, { maxRetriesPerRequest: null });
  runner.onStop('redis', () => redis.disconnect());
  const consumer = consumeDeliveries({
    redis,
    settings,
    log,
    secrets: signingSecrets(settings),
    guard: targetGuard(settings.WEBHOOK_ALLOWED_HOSTS),
    auditBlocked: blockedAudit(redis, redisKeys(settings.REDIS_PREFIX), workerName),
    workerName,
    transport: { trySeconds: Number(process.env['TRY_SECONDS'] ?? 15) },
  });
  runner.onStop('webhooks', (endsAtMs) => consumer.close(endsAtMs));
  log.info('ready');
});
