import { z } from 'zod';
import { deliverySchema } from '@promptq/shared/contracts';
import { redeliver } from '@promptq/shared/webhooks';
import { callerOf } from '../auth/authorize.ts';
import { fromRedis } from '../problems/store-unavailable.ts';
import { openApiResponses, plainHeaders } from '../docs/responses.ts';
import type { Route } from '../http/route.ts';
import { findDelivery, type DeliveryRouteDeps } from './list-deliveries.ts';

const pathSchema = z.object({ id: z.string() });

/**
 * `POST /v1/deliveries/{id}/redeliver`: sends a webhook again, whether it arrived, was given up or waits for its next
 * try; the same event with the same `webhook-id`, and all tries before it.
 */
export function redeliverOne(deps: DeliveryRouteDeps): Route {
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
      await findDelivery(deps, id, tenant);
      await fromRedis(redeliver(deps, id));
      const delivery = await findDelivery(deps, id, tenant);
      res.status(202).set('Cache-Control', 'no-store').json(delivery);
    },
  };
}
