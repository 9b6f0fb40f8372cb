import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { jobEventSchema } from '@promptq/shared/contracts';
import { toPublicJob, type JobRecord } from '@promptq/shared/jobs';
import { StoreUnavailableError, type JobChanges, type Store } from '@promptq/store';
import { callerOf } from '../auth/authorize.ts';
import { openApiResponses, plainHeaders } from '../docs/responses.ts';
import type { Route } from '../http/route.ts';
import { jobPathSchema } from '../jobs/job-path.ts';
import { requireJob } from '../problems/require-job.ts';
import type { ApiSettings } from '../settings.ts';
import type { JobSubscriptions, Subscription } from '../waiting/subscription.ts';
import { eventId, readEventId } from './event-id.ts';
import { followJob } from './follow-job.ts';
import { openSseWriter } from './sse-writer.ts';

/** How many pieces of the output one read returns. */
const pieceBatchSize = 200;
const outageRetryDelayMs = 500;

interface Deps {
  store: Store;
  subscriptions: JobSubscriptions;
  changes: Pick<JobChanges, 'notify'>;
  settings: Pick<ApiSettings, 'RESULT_TTL_SECONDS'>;
}

const eventHeaders = plainHeaders.extend({
  'X-Accel-Buffering': z
    .literal('no')
    .meta({ description: 'Tells proxies to forward events immediately.' }),
});

/** `GET /v1/jobs/{id}/events`: the events of a job until its end, as server-sent events. */
export function jobEvents({ store, subscriptions, changes, settings }: Deps): Route {
  const polled = store.subscriptions.polledChanges();
  const { RESULT_TTL_SECONDS: resultTtlSeconds } = settings;
  const toPublic = (record: JobRecord) =>
    toPublicJob(record, { resultTtlSeconds, includeInput: false });
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
            .meta({ description: 'The `id` of the last event received, to continue from there.' }),
        }),
      },
      responses: openApiResponses(
        {
          200: {
            description:
              'Server-sent events. `event` is the name of an event, and `data` is its data as JSON. The first event has the current state of the job, the last its final state.',
            headers: eventHeaders,
            content: { 'text/event-stream': { schema: jobEventSchema } },
          },
          204: {
            description: 'The client already has the last event and should not reconnect.',
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
      // A job that does not exist is not subscribed to.
      requireJob(await store.jobs.find(id, tenant));
      if (from?.isEnd) {
        res.status(204).set('Cache-Control', 'no-store').end();
        return;
      }
      const subscription = await subscriptions.subscribe(id, { tokens: true }, res);
      const unwatch = polled.watch(id, () => changes.notify(id));
      try {
        const first = requireJob(await store.jobs.find(id, tenant));
        const writer = openSseWriter(res);
        if (req.method === 'HEAD') return writer.end(false);
        let count = from?.count ?? 0;
        for await (const { event, data, output, isEnd = false } of followJob({
          first,
          subscription,
          read: () => retryDuringOutage(subscription, () => store.jobs.find(id, tenant)),
          outputAfter: async (position) =>
            (await retryDuringOutage(subscription, () =>
              store.output.read(id, position, pieceBatchSize),
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

/**
 * Repeats a read while Redis is unavailable, because a response that has begun cannot become a 503.
 * @returns `null` when the client has disconnected or the process stops
 */
async function retryDuringOutage<Answer>(
  subscription: Subscription,
  read: () => Promise<Answer>,
): Promise<Answer | null> {
  while (!subscription.isDisconnected() && !subscription.isStopping()) {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      await delay(outageRetryDelayMs);
    }
  }
  return null;
}
