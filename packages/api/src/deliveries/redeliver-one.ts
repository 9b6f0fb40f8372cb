import { z } from 'zod';
import { deliverySchema } from '@promptq/shared/contracts';
import type { Store } from '@promptq/store';
import { callerOf } from '../auth/authorize.ts';
import { openApiResponses, plainHeaders } from '../docs/responses.ts';
import type { Route } from '../http/route.ts';
import { findDelivery } from './list-deliveries.ts';

const pathSchema = z.object({ id: z.string() });

/**
 * `POST /v1/deliveries/{id}/redeliver`: sends a webhook again, whether it was delivered, failed for good or waits for
 * its next try. The event and its `webhook-id` stay the same, and the earlier tries are kept.
 */
export function redeliverOne({ store }: { store: Store }): Route {
  return {
    method: 'post',
    path: '/v1/deliveries/{id}/redeliver',
    scope: 'jobs',
    hasBody: false,
    operation: {
      operationId: 'redeliver',
      summary: 'Redeliver a webhook',
      tags: ['webhooks'],
      requestParams: { path: pathSchema },
      responses: openApiResponses(
        {
          202: {
            description: 'The webhook is sent again.',
            headers: plainHeaders,
            content: { 'application/json': { schema: deliverySchema } },
          },
        },
        [404, 503],
      ),
    },
    handle: async (req, res) => {
      const { id } = pathSchema.parse(req.params);
      const { tenant } = callerOf(req);
      await findDelivery(store, id, tenant);
      await store.deliveries.redeliver(id);
      const delivery = await findDelivery(store, id, tenant);
      res.status(202).set('Cache-Control', 'no-store').json(delivery);
    },
  };
}
