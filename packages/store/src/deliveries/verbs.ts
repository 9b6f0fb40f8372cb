import type { Queue } from 'bullmq';
import type { DeliveryData } from '@promptq/shared/webhooks';
import type { StoreContext } from '../context.ts';
import { guardIteration } from '../guard-iteration.ts';
import { guardVerbs } from '../guard-verbs.ts';
import { findDelivery } from './find-delivery.ts';
import { deadDeliveries } from './list-dead.ts';
import { promoteDelivery } from './promote.ts';
import { redeliver } from './redeliver.ts';

/** `store.deliveries`. */
export function deliveryVerbs(context: StoreContext, queue: Queue<DeliveryData>) {
  return {
    ...guardVerbs({
      find: (id: string, tenant: string) => findDelivery(context, id, tenant),
      redeliver: (id: string) => redeliver(context, queue, id),
      promote: (id: string) => promoteDelivery(queue, id),
    }),
    dead: (tenant: string, range: { sinceMs: number; untilMs: number }) =>
      guardIteration(deadDeliveries(context, tenant, range)),
  };
}
