import type { Redis } from 'ioredis';
import { plainEvent } from '@promptq/shared/contracts';
import { jobTypeOf } from '@promptq/shared/jobs';
import { luaScript, type RedisKeys } from '@promptq/shared/redis';
import { deliveryIdOf, type DeliveryData } from '@promptq/shared/webhooks';

/** The mark and the event in one step, so that a delivery leaves one, however often it is tried. */
const auditScript = luaScript(
  'promptqAuditBlocked',
  `
if redis.call('HEXISTS', KEYS[1], 'data') == 0 or redis.call('HEXISTS', KEYS[1], 'audited') == 1 then return end
local entry = redis.call('XADD', KEYS[2], '*', 'job_id', ARGV[1], 'type', 'webhook.blocked', 'event', ARGV[2])
redis.call('HSET', KEYS[1], 'audited', entry)
`,
);

/** Writes the audit event of a delivery whose receiver is an address that is not allowed; once for each delivery. */
export function blockedAudit(redis: Redis, keys: RedisKeys, workerName: string) {
  return async ({ job_id, tenant }: Pick<DeliveryData, 'job_id' | 'tenant'>): Promise<void> => {
    const event = plainEvent('webhook', {
      type: 'webhook.blocked',
      job_id,
      job_type: jobTypeOf(job_id),
      tenant,
      error: {
        code: 'webhook_blocked',
        message: 'The webhook goes to an address that is not allowed. See WEBHOOK_ALLOWED_HOSTS.',
        retryable: false,
        attempts: 1,
        upstream: null,
      },
      worker: workerName,
    });
    await auditScript(
      redis,
      [keys.delivery(deliveryIdOf(job_id)), keys.audit],
      [job_id, JSON.stringify(event)],
    );
  };
}
