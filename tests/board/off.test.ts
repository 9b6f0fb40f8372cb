import { expect, inject, test } from 'vitest';
import { boardPath as base } from '#support/board.ts';
import { startProcess } from '#support/processes.ts';
import { startStack } from '#support/stack.ts';
import { startTcpProxy } from '#support/tcp-proxy.ts';
import { until } from '#support/until.ts';

/** Makes a process print which files of the board's libraries it loads, one to a line. */
const printLoadedFiles = `--import=data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module';
  registerHooks({
    load(url, context, next) {
      if (url.includes('@bull-board')) process.stdout.write('loaded ' + url + '\\n');
      return next(url, context);
    },
  });
`)}`;

test('without QUEUE_BOARD there is no board, and its libraries are not loaded', async () => {
  for (const isOn of [false, true]) {
    const stack = await startStack({
      NODE_OPTIONS: printLoadedFiles,
      ...(isOn ? { QUEUE_BOARD: 'true' } : {}),
    });
    try {
      for (const path of ['', '/', '/api/queues', '/static/favicon.ico']) {
        const response = await fetch(`${stack.api.url}${base}${path}`);
        expect(response.status, path).toBe(isOn ? 200 : 404);
        if (!isOn) expect(await response.json()).toMatchObject({ code: 'not_found' });
      }
      expect(stack.api.text.some((line) => line.startsWith('loaded '))).toBe(isOn);
    } finally {
      await stack.close();
    }
  }
});

test('while Redis is away it is 503 with Retry-After, and then goes on', async () => {
  const real = new URL(inject('redisUrl'));
  const proxy = await startTcpProxy({ host: real.hostname, port: Number(real.port || 6379) });
  const through = new URL(real);
  through.hostname = '127.0.0.1';
  through.port = String(proxy.port);
  const stack = await startStack({ QUEUE_BOARD: 'true', REDIS_URL: through.href });
  try {
    const { id } = await stack.submit({ type: 'chat', input: { message: 'x' } });
    const asked = ['/api/queues?activeQueue=chat', `/api/queues/chat/${id}`];
    for (const outage of ['down', 'swallow'] as const) {
      await proxy[outage]();
      for (const path of asked) {
        const response = await fetch(`${stack.api.url}${base}${path}`);
        expect([response.status, response.headers.get('retry-after')], path).toEqual([503, '2']);
        expect(await response.json()).toMatchObject({ code: 'redis_unavailable' });
      }
      expect((await fetch(`${stack.api.url}${base}`)).status, 'the page itself').toBe(200);
      await proxy.up();
      await until('it goes on', async () => {
        const { status } = await fetch(`${stack.api.url}${base}${asked[0]}`);
        return status === 200;
      });
    }
  } finally {
    await stack.close();
    await proxy.close();
  }
});

test('a QUEUE_BOARD that is neither true nor false ends the process, named', async () => {
  const api = startProcess('packages/api/src/main.ts', {
    REDIS_URL: inject('redisUrl'),
    QUEUE_BOARD: 'yes',
  });
  expect((await api.exited).code).toBe(1);
  expect(JSON.stringify([api.text, api.log])).toContain('QUEUE_BOARD: must be true or false');
});
