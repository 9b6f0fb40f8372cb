import { z } from 'zod';
import { deliveryTrySchema, toTime, type PublicDelivery } from '@promptq/shared/contracts';
import { deliveryDataSchema } from '@promptq/shared/webhooks';
import type { StoreContext } from '../context.ts';
import { delayedUntilMs } from '../queues/scores.ts';
import { defineScript } from '../scripts/script.ts';

const find = defineScript(import.meta.url, 'find-delivery');

const replySchema = z.tuple([
  z.tuple([z.string(), z.coerce.number(), z.coerce.number().nullable(), z.string().nullable()]),
  z.array(z.string()),
  z.string().nullable(),
]);

/**
 * Finds the delivery with this id in one round trip.
 * @param tenant the tenant that must own the delivery
 * @returns `null` when this tenant has no such delivery
 * @throws {z.ZodError} when promptq did not write it
 */
export async function findDelivery(
  { redis, keys }: StoreContext,
  id: string,
  tenant: string,
): Promise<PublicDelivery | null> {
  const reply = await find(redis, {
    keys: [keys.delivery(id), `${keys.delivery(id)}:logs`, keys.delayedDeliveries],
    control: { id },
  });
  if ((reply as unknown[][])[0]?.[0] === null) return null;
  const [[data, createdAtMs, finishedAtMs, returnValue], rows, delayedScore] =
    replySchema.parse(reply);
  const delivery = deliveryDataSchema.parse(JSON.parse(data));
  if (delivery.tenant !== tenant) return null;
  const { url, job_id, event_id, event_type } = delivery;
  const hasEnded = finishedAtMs !== null;
  return {
    id,
    object: 'delivery',
    job_id,
    event_id,
    event_type,
    url,
    // A delivery that failed and then succeeded after a redelivery has both fields. The return value decides.
    status: !hasEnded ? 'pending' : returnValue === null ? 'dead' : 'delivered',
    created_at: toTime(createdAtMs),
    next_try_at: delayedScore && toTime(delayedUntilMs(delayedScore)),
    finished_at: hasEnded ? toTime(finishedAtMs) : null,
    tries: rows.map((row) => deliveryTrySchema.parse(JSON.parse(row))),
  };
}
