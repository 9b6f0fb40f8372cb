import type { Response } from 'express';
import { Counter, Histogram, type Registry } from 'prom-client';
import { cacheLabels } from '@promptq/shared/metrics';
import type { RequestObserver } from '../http/request-context.ts';
import { toExpressPath } from '../http/route.ts';
import { problemCodes, type ProblemCode } from '../problems/problem.ts';

/** Up to the duration of a request that waits for its job. */
const secondsBounds = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
];
const methods = new Set(['GET', 'HEAD', 'POST']);
const other = 'other';

export interface RequestMetrics {
  /** Measures every request. @param paths the templates of the routes, as in OpenAPI */
  measure(paths: () => string[]): RequestObserver;
  /** A request was answered with a problem, for example 429. */
  countProblem(code: ProblemCode): void;
}

export function requestMetrics(registry: Registry): RequestMetrics {
  const duration = new Histogram({
    name: 'promptq_http_request_duration_seconds',
    help: 'Requests to the API by method, route and class of status; aborted: the client left before the answer.',
    labelNames: ['method', 'route', 'status_class'],
    buckets: secondsBounds,
    registers: [registry],
  });
  const problems = new Counter({
    name: 'promptq_http_problems_total',
    help: 'Requests answered with a problem, by code.',
    labelNames: ['code'],
    registers: [registry],
  });
  const measured = cacheLabels((method: string, route: string, statusClass: string) =>
    duration.labels(method, route, statusClass),
  );
  const problem = cacheLabels((code: ProblemCode) => problems.labels(code));
  // Each counter starts at 0, so that its first problem shows as an increase.
  for (const code of problemCodes) problem(code).inc(0);
  return {
    measure: (paths) => {
      let templates: Map<string, string> | null = null;
      return (req, res, ms) => {
        templates ??= new Map(paths().map((path) => [toExpressPath(path), path]));
        // The route that Express matched, never the requested path, which is the caller's text.
        const path = (req.route as { path?: unknown } | undefined)?.path;
        measured(
          methods.has(req.method) ? req.method : other,
          (typeof path === 'string' ? templates.get(path) : undefined) ?? other,
          statusClassOf(res),
        ).observe(ms / 1_000);
      };
    },
    countProblem: (code) => problem(code).inc(),
  };
}

function statusClassOf(res: Response): string {
  return res.writableFinished ? `${Math.floor(res.statusCode / 100)}xx` : 'aborted';
}
