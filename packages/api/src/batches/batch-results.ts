import { once } from 'node:events';
import type { Response } from 'express';
import { batchResultSchema } from '@promptq/shared/contracts';
import { callerOf } from '../auth/authorize.ts';
import { openApiResponses, plainHeaders } from '../docs/responses.ts';
import type { Route } from '../http/route.ts';
import { batchPathSchema } from './batch-response.ts';
import { findBatch, type BatchDeps } from './find-batch.ts';

/**
 * `GET /v1/batches/{id}/results`: one line for each request that has ended, in input order. Other requests are left
 * out. The results are read no faster than the client receives them, so at most one chunk is in memory.
 */
export function batchResults(deps: BatchDeps): Route {
  return {
    method: 'get',
    path: '/v1/batches/{id}/results',
    scope: 'jobs',
    operation: {
      operationId: 'batchResults',
      summary: 'Read the results of a batch so far, in input order',
      tags: ['batches'],
      requestParams: { path: batchPathSchema },
      responses: openApiResponses(
        {
          200: {
            description: 'One line with a JSON document for each request that has ended.',
            headers: plainHeaders,
            content: { 'application/jsonl': { schema: batchResultSchema } },
          },
        },
        [404, 503],
      ),
    },
    handle: async (req, res) => {
      const { id } = batchPathSchema.parse(req.params);
      const { tenant } = callerOf(req);
      const { request_counts } = await findBatch(deps, id, tenant);
      const lines = deps.store.batches.results(id, request_counts.total);
      // The first chunk is read before the status is sent, so that an outage can still be answered with 503.
      const first = await lines.next();
      res.set({ 'Cache-Control': 'no-store' }).type('application/jsonl');
      if (req.method === 'HEAD') return void res.end();
      if (!first.done) await send(res, first.value);
      for await (const chunk of lines) {
        if (res.destroyed) return;
        await send(res, chunk);
      }
      res.end();
    },
  };
}

/** Waits until the client has received the text or has disconnected. */
async function send(res: Response, text: string): Promise<void> {
  if (res.write(text) || res.destroyed) return;
  const taken = new AbortController();
  const { signal } = taken;
  await Promise.race([once(res, 'drain', { signal }), once(res, 'close', { signal })]).finally(() =>
    taken.abort(),
  );
}
