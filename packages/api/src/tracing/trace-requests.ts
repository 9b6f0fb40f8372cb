import type { RequestHandler } from 'express';
import type { TraceHeaders, Tracing } from '@promptq/shared/tracing';

/**
 * A span for every request under `/v1`, in the caller's trace when it sends a `traceparent`. It is named by
 * the route, never by what was asked for: ids and queries are no business of a collector.
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
