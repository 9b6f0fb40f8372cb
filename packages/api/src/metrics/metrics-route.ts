import type { Registry } from 'prom-client';
import { z } from 'zod';
import { openApiResponses, plainHeaders } from '../docs/responses.ts';
import type { Route } from '../http/route.ts';

/** `GET /metrics`: the metrics for Prometheus. It also works without Redis; then `promptq_redis_up` is 0. */
export function metricsRoute(registry: Registry): Route {
  return {
    method: 'get',
    path: '/metrics',
    scope: null,
    operation: {
      operationId: 'metrics',
      summary: 'The metrics of this process and of the queues',
      tags: ['health'],
      responses: openApiResponses(
        {
          200: {
            description: 'The metrics in the text format of Prometheus.',
            headers: plainHeaders,
            content: { 'text/plain': { schema: z.string() } },
          },
        },
        [],
      ),
    },
    handle: async (_req, res) => {
      const exposition = await registry.metrics();
      res.set({ 'Cache-Control': 'no-store', 'Content-Type': registry.contentType });
      res.send(exposition);
    },
  };
}
