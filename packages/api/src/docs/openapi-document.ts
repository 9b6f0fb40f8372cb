import { createDocument } from 'zod-openapi';
import { openApiResponses } from './responses.ts';
import type { Route } from '../http/route.ts';

/** The OpenAPI 3.1 document of these routes. */
export function openApiDocument(routes: Route[]): ReturnType<typeof createDocument> {
  const paths: Record<string, Record<string, Route['operation']>> = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method]: operationOf(route) };
  }
  return createDocument({
    openapi: '3.1.1',
    info: {
      title: 'promptq',
      version: '1',
      description: 'The self-hosted asynchronous layer for LLM calls.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    components: {
      securitySchemes: {
        apiKey: { type: 'http', scheme: 'bearer', description: 'An API key: `pq_...`' },
      },
    },
    paths,
  });
}

/** Adds the responses and the security of a route that requires a scope. Without `API_KEYS`, no key is needed. */
function operationOf({ operation, scope }: Route): Route['operation'] {
  if (scope === null) return operation;
  return {
    ...operation,
    description: `Scope \`${scope}\`.`,
    security: [{ apiKey: [] }, {}],
    responses: { ...openApiResponses({}, [401, 403, 429]), ...operation.responses },
  };
}
