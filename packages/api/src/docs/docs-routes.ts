import { fileURLToPath } from 'node:url';
import { dirname } from 'node:path';
import { Router } from 'express';
import { contentSecurityPolicy } from 'helmet';
import { z } from 'zod';
import { openApiResponses, plainHeaders } from './responses.ts';
import type { Route } from '../http/route.ts';
import { openApiDocument } from './openapi-document.ts';

const documentAnswer = {
  200: {
    description: 'The OpenAPI document.',
    headers: plainHeaders,
    content: { 'application/json': { schema: z.record(z.string(), z.unknown()) } },
  },
};

/** `GET /openapi.json`: the contract of these routes, including this one. */
export function openApiRoute(others: Route[]): Route {
  const route: Route = {
    method: 'get',
    path: '/openapi.json',
    scope: null,
    operation: {
      operationId: 'openApi',
      summary: 'This document',
      tags: ['docs'],
      responses: openApiResponses(documentAnswer, []),
    },
    handle: (_req, res) => {
      res.json(document);
    },
  };
  const document = openApiDocument([...others, docsPage, route]);
  return route;
}

const page = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>promptq API</title>
    <link rel="stylesheet" href="docs/swagger-ui.css" />
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="docs/swagger-ui-bundle.js"></script>
    <script src="docs/initialize.js"></script>
  </body>
</html>
`;
const initializer = `SwaggerUIBundle({ url: new URL('openapi.json', document.baseURI).href, dom_id: '#swagger-ui' });\n`;

/** `GET /docs`: the contract as an interactive page. */
export const docsPage: Route = {
  method: 'get',
  path: '/docs',
  scope: null,
  operation: {
    operationId: 'docs',
    summary: 'The contract as a page',
    tags: ['docs'],
    responses: openApiResponses(
      {
        200: {
          description: 'The page.',
          headers: plainHeaders,
          content: { 'text/html': { schema: z.string() } },
        },
      },
      [],
    ),
  },
  handle: (_req, res) => {
    res.type('html').send(page);
  },
};

/** The files that the page loads. It loads nothing from other hosts. */
const assets = ['swagger-ui.css', 'swagger-ui-bundle.js'];

/** Serves the files of the page and its content security policy. */
export function docsAssets(): Router {
  const directory = dirname(fileURLToPath(import.meta.resolve('swagger-ui-dist/package.json')));
  const router = Router();
  // Swagger UI writes inline styles and shows inlined images.
  router.use(
    contentSecurityPolicy({
      directives: {
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:'],
        // The page must also find its files when there is no TLS.
        upgradeInsecureRequests: null,
      },
    }),
  );
  router.get('/', (req, res, next) => {
    // The page's links are relative to /docs.
    if (req.originalUrl.split('?', 1)[0]?.endsWith('/')) res.redirect(308, '../docs');
    else next();
  });
  router.get('/initialize.js', (_req, res) => {
    res.type('js').send(initializer);
  });
  for (const file of assets) {
    router.get(`/${file}`, (_req, res) => {
      res.sendFile(file, { root: directory, maxAge: '1h' });
    });
  }
  return router;
}
