import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { deliverySchema, type PublicDelivery } from '@promptq/shared/contracts';
import { readJob } from '@promptq/shared/queues';
import type { RedisKeys } from '@promptq/shared/redis';
import { deliveryIdOf, readDelivery, type DeliveryData } from '@promptq/shared/webhooks';
import { callerOf } from '../auth/authorize.ts';
import { fromRedis } from '../problems/store-unavailable.ts';
import { Problem } from '../problems/problem.ts';
import { openApiResponses, plainHeaders } from '../docs/responses.ts';
import type { Route } from '../http/route.ts';

/** What a route about deliveries needs. */
export interface DeliveryRouteDeps {
  redis: Redis;
  keys: RedisKeys;
  deliveries: Pick<Queue<DeliveryData>, 'getJob'>;
}

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
 * `GET /v1/jobs/{id}/deliveries`: the webhook of a job, with each of its tries; none before the job has ended, and
 * for a job that has no webhook. It can outlive the job.
 */
export function listDeliveries({ redis, keys }: Omit<DeliveryRouteDeps, 'deliveries'>): Route {
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
      const delivery = await fromRedis(readDelivery(redis, keys, deliveryIdOf(id), tenant));
      if (!delivery && (await fromRedis(readJob(redis, keys, id, tenant)))?.data.tenant !== tenant)
        throw new Problem('not_found', 'There is no such job, or it is no longer kept.');
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

/** The delivery with this id. @throws {Problem} `not_found`, `redis_unavailable` */
export async function findDelivery(
  { redis, keys }: Pick<DeliveryRouteDeps, 'redis' | 'keys'>,
  id: string,
  tenant: string,
): Promise<PublicDelivery> {
  const delivery = await fromRedis(readDelivery(redis, keys, id, tenant));
  if (!delivery)
    throw new Problem('not_found', 'There is no such delivery, or it is no longer kept.');
  return delivery;
}
