import { z } from 'zod';
import { redeliver } from '@promptq/shared/webhooks';
import { fromRedis } from '../http/from-redis.ts';
import { parseBody } from '../http/parse.ts';
import { answersWith, plainHeaders } from '../http/responses.ts';
import type { Route } from '../http/route.ts';
import type { DeliveryRouteNeeds } from './delivery-route.ts';

/** One request sends no more again: with `has_more` the same request is made again. */
const mostAtOnce = 1_000;

const bodySchema = z
  .strictObject({
    since: z.iso
      .datetime({
        offset: true,
        error: 'Must be a time as in RFC 3339, for example 2026-01-31T12:00:00Z.',
      })
      .meta({ description: 'Given up at this time or later.' }),
  })
  .meta({ id: 'Redelivery' });

const answerSchema = z
  .object({
    object: z.literal('redelivery'),
    redelivered: z.int().min(0),
    has_more: z.boolean().meta({ description: 'Whether to make the same request again.' }),
  })
  .meta({ id: 'RedeliveryAnswer' });

/** `POST /v1/deliveries/redeliver`: sends every webhook again that was given up since a moment. */
export function redeliverDead({ redis, keys, deliveries }: DeliveryRouteNeeds): Route {
  return {
    method: 'post',
    path: '/v1/deliveries/redeliver',
    operation: {
      operationId: 'redeliverDead',
      summary: 'Send webhooks again that were given up',
      tags: ['webhooks'],
      requestBody: { required: true, content: { 'application/json': { schema: bodySchema } } },
      responses: answersWith(
        {
          202: {
            description: 'They are sent again.',
            headers: plainHeaders,
            content: { 'application/json': { schema: answerSchema } },
          },
        },
        [400, 413, 415, 503],
      ),
    },
    handle: async (req, res) => {
      const { since } = parseBody(bodySchema, req);
      // BullMQ's set of failed jobs, by when they failed; an id leaves it when it is sent again.
      const ids = await fromRedis(
        redis.zrangebyscore(
          keys.deadDeliveries,
          Date.parse(since),
          '+inf',
          'LIMIT',
          0,
          mostAtOnce + 1,
        ),
      );
      const chosen = ids.slice(0, mostAtOnce);
      for (const id of chosen) await fromRedis(redeliver(deliveries, id));
      const answer: z.infer<typeof answerSchema> = {
        object: 'redelivery',
        redelivered: chosen.length,
        has_more: ids.length > mostAtOnce,
      };
      res.status(202).set('Cache-Control', 'no-store').json(answer);
    },
  };
}
