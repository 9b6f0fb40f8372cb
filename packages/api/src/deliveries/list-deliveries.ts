import { z } from 'zod';
import { deliverySchema, type PublicDelivery } from '@promptq/shared/contracts';
import { deliveryIdOf } from '@promptq/shared/webhooks';
import type { Store } from '@promptq/store';
import { callerOf } from '../auth/authorize.ts';
import { openApiResponses, plainHeaders } from '../docs/responses.ts';
import type { Route } from '../http/route.ts';
import { requireJob } from '../problems/require-job.ts';
import { Problem } from '../problems/problem.ts';

const pathSchema = z.object({ id: z.string() });

const listSchema = z
  .object({
    object: z.literal('list'),
    data: z.array(deliverySchema),
    has_more: z.literal(false),
    first_id: z.string().nullable(),
    last_id: z.string().nullable(),
  })
  .meta({ id: 'DeliveryList' });

/**
 * `GET /v1/jobs/{id}/deliveries`: the delivery of a job's webhook, with its tries. The list is empty before the job has
 * ended and for a job without a webhook. A delivery can be kept longer than its job.
 */
export function listDeliveries({ store }: { store: Store }): Route {
  return {
    method: 'get',
    path: '/v1/jobs/{id}/deliveries',
    scope: 'jobs',
    operation: {
      operationId: 'listDeliveries',
      summary: 'List the webhook deliveries of a job, with their tries',
      tags: ['webhooks'],
      requestParams: { path: pathSchema },
      responses: openApiResponses(
        {
          200: {
            description: 'The deliveries of the job.',
            headers: plainHeaders,
            content: { 'application/json': { schema: listSchema } },
          },
        },
        [404, 503],
      ),
    },
    handle: async (req, res) => {
      const { id } = pathSchema.parse(req.params);
      const { tenant } = callerOf(req);
      const delivery = await store.deliveries.find(deliveryIdOf(id), tenant);
      if (!delivery) requireJob(await store.jobs.find(id, tenant));
      const list: z.infer<typeof listSchema> = {
        object: 'list',
        data: delivery ? [delivery] : [],
        has_more: false,
        first_id: delivery?.id ?? null,
        last_id: delivery?.id ?? null,
      };
      res.set('Cache-Control', 'no-store').json(list);
    },
  };
}

/** The delivery with this id. @throws {Problem} `not_found` */
export async function findDelivery(
  store: Pick<Store, 'deliveries'>,
  id: string,
  tenant: string,
): Promise<PublicDelivery> {
  const delivery = await store.deliveries.find(id, tenant);
  if (delivery) return delivery;
  throw new Problem('not_found', 'This delivery does not exist, or it is no longer kept.');
}
