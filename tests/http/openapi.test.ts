import { Validator } from '@seriousme/openapi-schema-validator';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startStack, type Stack } from '#support/stack.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.close());

test('the OpenAPI document is valid 3.1 and has every route of the contract', async () => {
  const document = (await (await stack.request('/openapi.json')).json()) as Record<string, unknown>;
  const { valid, errors } = await new Validator().validate(document);
  expect(errors ?? []).toEqual([]);
  expect(valid).toBe(true);
  const { paths, openapi } = document as { openapi: string; paths: Record<string, object> };
  expect(openapi).toMatch(/^3\.1\./);
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path}`),
  );
  expect(operations.toSorted()).toEqual([
    'get /docs',
    'get /healthz',
    'get /metrics',
    'get /openapi.json',
    'get /readyz',
    'get /v1/audit',
    'get /v1/batches/{id}',
    'get /v1/batches/{id}/results',
    'get /v1/jobs',
    'get /v1/jobs/{id}',
    'get /v1/jobs/{id}/deliveries',
    'get /v1/jobs/{id}/events',
    'get /v1/queues',
    'post /v1/batches',
    'post /v1/batches/{id}/cancel',
    'post /v1/deliveries/redeliver',
    'post /v1/deliveries/{id}/redeliver',
    'post /v1/jobs',
    'post /v1/jobs/{id}/cancel',
    'post /v1/jobs/{id}/retry',
    'post /v1/queues/{type}/pause',
    'post /v1/queues/{type}/resume',
  ]);
});

test('no path answers that is not in the document, and every documented one does', async () => {
  const { paths } = (await (await stack.request('/openapi.json')).json()) as {
    paths: Record<string, object>;
  };
  for (const [path, methods] of Object.entries(paths)) {
    for (const method of ['get', 'post', 'put', 'patch', 'delete']) {
      const response = await stack.request(path.replace('{id}', 'chat_1'), {
        method: method.toUpperCase(),
      });
      expect(response.status === 405, `${method} ${path}`).toBe(!(method in methods));
    }
  }
});

test('the page of the documentation loads all it needs from here', async () => {
  const page = await stack.request('/docs');
  expect(page.status).toBe(200);
  const html = await page.text();
  const sources = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(
    ([, source]) => source as string,
  );
  expect(sources.length).toBe(3);
  for (const source of sources) {
    const url = new URL(source, `${stack.api.url}/docs`);
    expect(url.origin).toBe(stack.api.url);
    const response = await fetch(url);
    expect(response.status).toBe(200);
    expect((await response.text()).length).toBeGreaterThan(20);
  }
  const slash = await fetch(`${stack.api.url}/docs/`);
  expect([slash.status, slash.url]).toEqual([200, `${stack.api.url}/docs`]);
  expect((await fetch(`${stack.api.url}/docs/index.html`)).status).toBe(404);
  expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
});
