import { z } from 'zod';
import { timeSchema, toTime } from '@promptq/shared/contracts';
import type { Store } from '@promptq/store';
import { callerOf } from '../auth/authorize.ts';
import { momentSchema } from '../http/page.ts';
import { parseBody } from '../http/parse.ts';
import { openApiResponses, plainHeaders } from '../docs/responses.ts';
import type { Route } from '../http/route.ts';

/**
 * The most deliveries per request. With `has_more`, the client repeats the request with the `until` of the response.
 */
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
        'Whether more webhooks remain. If so, repeat the request with this `until`, so that webhooks that fail again meanwhile are left out.',
    }),
  })
  .meta({ id: 'RedeliveryAnswer' });

/** `POST /v1/deliveries/redeliver`: sends all webhooks again that failed for good since a given time. */
export function redeliverDead({ store }: { store: Store }): Route {
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
      // Without an end, a webhook that fails again immediately would be redelivered endlessly.
      const untilMs = until === undefined ? Date.now() : Date.parse(until);
      const { tenant } = callerOf(req);
      const disconnected = new AbortController();
      res.once('close', () => disconnected.abort());
      let redelivered = 0;
      let hasMore = false;
      for await (const id of store.deliveries.dead(tenant, {
        sinceMs: Date.parse(since),
        untilMs,
      })) {
        hasMore = redelivered === maxPerRequest;
        if (hasMore || disconnected.signal.aborted) break;
        await store.deliveries.redeliver(id);
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
