import { z } from 'zod';
import { jobTypes } from '@promptq/shared/contracts';
import type { Store } from '@promptq/store';
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

/** `GET /v1/queues`: the state of the queues: depth, age and pauses. */
export function listQueues({ store }: { store: Store }): Route {
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
            description: 'One queue for each job type.',
            headers: plainHeaders,
            content: { 'application/json': { schema: listSchema } },
          },
        },
        [503],
      ),
    },
    handle: async (_req, res) => {
      const data = await Promise.all(jobTypes.map((type) => readQueue(store, type)));
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
