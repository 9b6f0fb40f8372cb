import { createDocument } from 'zod-openapi';
import type { Route } from '../http/route.ts';

/** The OpenAPI 3.1 document of these routes. */
export function openApiDocument(routes: Route[]): ReturnType<typeof createDocument> {
  const paths: Record<string, Record<string, Route['operation']>> = {};
  for (const { path, method, operation } of routes) {
    paths[path] = { ...paths[path], [method]: operation };
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
    paths,
  });
}
