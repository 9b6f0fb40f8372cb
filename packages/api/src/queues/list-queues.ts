import type { Redis } from 'ioredis';
import { z } from 'zod';
import { jobTypes } from '@promptq/shared/contracts';
import type { RedisKeys } from '@promptq/shared/redis';
import { openApiResponses, plainHeaders } from '../docs/responses.ts';
import type { Route } from '../http/route.ts';
import { queueSchema, readQueue } from './queue-response.ts';

const listSchema = z
  .object({
    object: z.literal('list'),
    data: z.array(queueSchema),
    has_more: z.literal(false),
    first_id: z.null(),
    last_id: z.null(),
  })
  .meta({ id: 'QueueList' });

/** `GET /v1/queues`: how the queues stand: depth, age, pauses. */
export function listQueues({ redis, keys }: { redis: Redis; keys: RedisKeys }): Route {
  return {
    method: 'get',
    path: '/v1/queues',
    scope: 'admin',
    operation: {
      operationId: 'listQueues',
      summary: 'List the queues with depth, age and pauses',
      tags: ['queues'],
      responses: openApiResponses(
        {
          200: {
            description: 'One for each type of job.',
            headers: plainHeaders,
            content: { 'application/json': { schema: listSchema } },
          },
        },
        [503],
      ),
    },
    handle: async (_req, res) => {
      const data = await Promise.all(jobTypes.map((type) => readQueue(redis, keys, type)));
      const list: z.infer<typeof listSchema> = {
        object: 'list',
        data,
        has_more: false,
        first_id: null,
        last_id: null,
      };
      res.set('Cache-Control', 'no-store').json(list);
    },
  };
}
