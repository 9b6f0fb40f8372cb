import type { Express, RequestHandler } from 'express';
import type { ZodOpenApiOperationObject } from 'zod-openapi';
import type { Scope } from '@promptq/shared/api-keys';
import { jsonBody } from './json-body.ts';
import { Problem } from '../problems/problem.ts';

/** One operation of the API. The router and the OpenAPI document are both built from routes. */
export interface Route {
  method: 'get' | 'post';
  /** As in OpenAPI: `/v1/jobs/{id}`. */
  path: string;
  /** The scope that the caller's key needs; `null`: no key is needed. */
  scope: Scope | null;
  /** Whether a POST has a JSON body. Otherwise a body is ignored. */
  hasBody?: boolean;
  /** Reads the body. The default reads JSON of at most 1 MiB. */
  readBody?: RequestHandler[];
  operation: ZodOpenApiOperationObject;
  handle: RequestHandler;
}

/**
 * Adds the routes. Other methods on their paths are answered with 405.
 * @param admit makes the handlers that check the scope and the rate limit; they run before the body is read
 */
export function addRoutes(
  app: Express,
  routes: Route[],
  admit: (scope: Scope) => RequestHandler[],
): void {
  for (const route of routes) {
    const { method, path, scope, hasBody = method === 'post', readBody = jsonBody, handle } = route;
    const first = scope === null ? [] : admit(scope);
    app[method](toExpressPath(path), ...first, ...(hasBody ? readBody : []), handle);
  }
  for (const [path, atPath] of Map.groupBy(routes, (route) => route.path)) {
    const methods = atPath.flatMap(({ method }) => (method === 'get' ? ['GET', 'HEAD'] : ['POST']));
    app.all(toExpressPath(path), (req) => {
      throw new Problem('method_not_allowed', `${req.method} is not allowed on this path.`, {
        headers: { Allow: methods.join(', ') },
      });
    });
  }
}

/** The path in the form of Express: `/v1/jobs/:id`. */
export function toExpressPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1');
}
