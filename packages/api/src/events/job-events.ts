import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { jobEventSchema } from '@promptq/shared/contracts';
import { readTokens } from '@promptq/shared/live';
import { toPublicJob, type JobRecord } from '@promptq/shared/jobs';
import type { RedisKeys } from '@promptq/shared/redis';
import { fromRedis } from '../problems/store-unavailable.ts';
import { Problem } from '../problems/problem.ts';
import { callerOf } from '../auth/authorize.ts';
import { openApiResponses, plainHeaders } from '../docs/responses.ts';
import type { Route } from '../http/route.ts';
import { findJob } from '../jobs/find-job.ts';
import { jobPathSchema } from '../jobs/job-path.ts';
import type { ApiSettings } from '../settings.ts';
import { subscribe, type Subscription } from '../waiting/subscription.ts';
import { eventId, readEventId } from './event-id.ts';
import { openSseWriter } from './sse-writer.ts';
import { followJob } from './follow-job.ts';
import type { JobSubscriptions } from '../live/open-live.ts';
import type { States } from '../live/watch-states.ts';

/** Pieces that are read of the tokens at once. */
const pieceBatchSize = 200;
const outageRetryDelayMs = 500;

interface Deps {
  redis: Redis;
  keys: RedisKeys;
  subscriptions: JobSubscriptions;
  states: States;
  settings: Pick<ApiSettings, 'RESULT_TTL_SECONDS'>;
}

const eventHeaders = plainHeaders.extend({
  'X-Accel-Buffering': z.literal('no').meta({ description: 'Proxies pass events on at once.' }),
});

/** `GET /v1/jobs/{id}/events`: what happens to a job, as server-sent events, until its end. */
export function jobEvents({ redis, keys, subscriptions, states, settings }: Deps): Route {
  const resultTtlSeconds = settings.RESULT_TTL_SECONDS;
  const toPublic = (record: JobRecord) =>
    toPublicJob(record, { resultTtlSeconds, includeInput: false, nowMs: Date.now() });
  const find = (id: string, tenant: string) => findJob(redis, keys, id, resultTtlSeconds, tenant);
  return {
    method: 'get',
    path: '/v1/jobs/{id}/events',
    scope: 'jobs',
    operation: {
      operationId: 'followJob',
      summary: 'Stream the events and the output of a job',
      tags: ['jobs'],
      requestParams: {
        path: jobPathSchema,
        header: z.object({
          'Last-Event-ID': z
            .string()
            .optional()
            .meta({ description: 'The `id` of the last event that came, to go on from there.' }),
        }),
      },
      responses: openApiResponses(
        {
          200: {
            description:
              'Server-sent events: the name of each is `event`, its data the JSON of `data`. The first shows the job as it is, the last its end.',
            headers: eventHeaders,
            content: { 'text/event-stream': { schema: jobEventSchema } },
          },
          204: {
            description: 'The client has had the last event already: it need not come back.',
            headers: plainHeaders,
          },
        },
        [400, 404, 503],
      ),
    },
    handle: async (req, res) => {
      const { id } = jobPathSchema.parse(req.params);
      const { tenant } = callerOf(req);
      const from = readEventId(req.get('last-event-id'), id);
      // Checked before subscribing: an unknown job has no notifications.
      await find(id, tenant);
      if (from?.isEnd) {
        res.status(204).set('Cache-Control', 'no-store').end();
        return;
      }
      const subscription = await subscribe(subscriptions, id, { tokens: true }, res);
      const unwatch = states.watch(id, () => subscriptions.notify(id));
      try {
        const first = await find(id, tenant);
        const writer = openSseWriter(res);
        if (req.method === 'HEAD') return writer.end(false);
        let count = from?.count ?? 0;
        for await (const { event, data, output, isEnd = false } of followJob({
          first,
          subscription,
          read: () => untilRedisAnswers(subscription, () => find(id, tenant)),
          tokensAfter: async (position) =>
            (await untilRedisAnswers(subscription, () =>
              fromRedis(readTokens(redis, keys, id, position, pieceBatchSize)),
            )) ?? [],
          toPublic,
          from: from?.output ?? null,
        })) {
          count += 1;
          await writer.send(event, eventId(id, { output, count, isEnd }), data);
        }
        writer.end(subscription.isStopping());
      } finally {
        unwatch();
        subscription.close();
      }
    },
  };
}

/** Retries while Redis is unavailable, because the client already has part of its response. `null` if the client has left or
 * the process stops. */
async function untilRedisAnswers<Answer>(
  subscription: Subscription,
  ask: () => Promise<Answer>,
): Promise<Answer | null> {
  while (!subscription.isDisconnected() && !subscription.isStopping()) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error.code === 'not_found') return null;
      await delay(outageRetryDelayMs);
    }
  }
  return null;
}
