import { z } from 'zod';
import { timeSchema, toTime } from '@promptq/shared/contracts';
import { redeliver } from '@promptq/shared/webhooks';
import { callerOf } from '../auth/authorize.ts';
import { fromRedis } from '../problems/store-unavailable.ts';
import { momentSchema } from '../http/page.ts';
import { parseBody } from '../http/parse.ts';
import { openApiResponses, plainHeaders } from '../docs/responses.ts';
import type { Route } from '../http/route.ts';
import { listDead } from './list-dead.ts';
import type { DeliveryRouteDeps } from './list-deliveries.ts';

/** One request sends no more again: with `has_more` the same request is made again, with the answer's `until`. */
const maxPerRequest = 1_000;

const bodySchema = z
  .strictObject({
    since: momentSchema.meta({
      description: 'Webhooks that failed for good at this time or later.',
    }),
    until: momentSchema.optional().meta({
      description: 'Webhooks that failed for good at this time or earlier. The default is now.',
    }),
  })
  .meta({ id: 'Redelivery' });

const answerSchema = z
  .object({
    object: z.literal('redelivery'),
    redelivered: z.int().min(0),
    until: timeSchema,
    has_more: z.boolean().meta({
      description:
        'Whether to make the same request again, with this `until`: what is given up again meanwhile is left out.',
    }),
  })
  .meta({ id: 'RedeliveryAnswer' });

/** `POST /v1/deliveries/redeliver`: sends every webhook again that was given up since a moment. */
export function redeliverDead(deps: DeliveryRouteDeps): Route {
  return {
    method: 'post',
    path: '/v1/deliveries/redeliver',
    scope: 'jobs',
    operation: {
      operationId: 'redeliverDead',
      summary: 'Redeliver all failed webhooks',
      tags: ['webhooks'],
      requestBody: { required: true, content: { 'application/json': { schema: bodySchema } } },
      responses: openApiResponses(
        {
          202: {
            description: 'The webhooks are sent again.',
            headers: plainHeaders,
            content: { 'application/json': { schema: answerSchema } },
          },
        },
        [400, 413, 415, 503],
      ),
    },
    handle: async (req, res) => {
      const { since, until } = parseBody(bodySchema, req);
      // What is sent again and given up again at once would otherwise come round without end.
      const untilMs = until === undefined ? Date.now() : Date.parse(until);
      const { tenant } = callerOf(req);
      const disconnected = new AbortController();
      res.once('close', () => disconnected.abort());
      let redelivered = 0;
      let hasMore = false;
      for await (const id of listDead(deps, tenant, Date.parse(since), untilMs)) {
        hasMore = redelivered === maxPerRequest;
        if (hasMore || disconnected.signal.aborted) break;
        await fromRedis(redeliver(deps, id));
        redelivered += 1;
      }
      const answer: z.infer<typeof answerSchema> = {
        object: 'redelivery',
        redelivered,
        until: toTime(untilMs),
        has_more: hasMore,
      };
      res.status(202).set('Cache-Control', 'no-store').json(answer);
    },
  };
}
