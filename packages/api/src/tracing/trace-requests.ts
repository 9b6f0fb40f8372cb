import type { RequestHandler } from 'express';
import type { TraceHeaders, Tracing } from '@promptq/shared/tracing';

/**
 * Starts a span for every request under `/v1`, in the caller's trace if it sends a `traceparent`. The span is named
 * after the route, never after the requested path, so that ids and queries do not reach the collector.
 */
export function traceRequests(tracing: Pick<Tracing, 'begin'>): RequestHandler {
  return (req, res, next) => {
    const from: TraceHeaders = {};
    for (const name of ['traceparent', 'tracestate']) {
      const value = req.get(name);
      if (value !== undefined) from[name] = value;
    }
    const span = tracing.begin('server', req.method, from);
    res.once('close', () => {
      const path = (req.route as { path?: unknown } | undefined)?.path;
      const route = typeof path === 'string' ? path.replaceAll(/:(\w+)/g, '{$1}') : 'other';
      span.end({
        name: `${req.method} ${route}`,
        attributes: {
          'http.request.method': req.method,
          'http.route': route,
          'http.response.status_code': res.statusCode,
        },
        failed: res.statusCode >= 500,
      });
    });
    span.within(() => next());
  };
}
