import type { Express, RequestHandler } from 'express';
import type { ZodOpenApiOperationObject } from 'zod-openapi';
import type { Scope } from '@promptq/shared/api-keys';
import { jsonBody } from './json-body.ts';
import { Problem } from '../problems/problem.ts';

/** One operation of the API. The router and the OpenAPI document are both made of these. */
export interface Route {
  method: 'get' | 'post';
  /** As in OpenAPI: `/v1/jobs/{id}`. */
  path: string;
  /** What a caller's key has to allow; `null` serves everybody, without a key. */
  scope: Scope | null;
  /** Whether a POST takes a JSON body; one that takes none ignores what is sent. */
  hasBody?: boolean;
  /** Reads the body where it is not JSON of at most 1 MiB. */
  readBody?: RequestHandler[];
  operation: ZodOpenApiOperationObject;
  handle: RequestHandler;
}

/**
 * Adds the routes, and 405 for every other method on their paths.
 * @param admit makes the handlers that let only callers with the scope through, and not too often; they come before
 * the body is read
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

/** As Express writes it: `/v1/jobs/:id`. */
export function toExpressPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1');
}
