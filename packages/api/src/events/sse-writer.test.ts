import { connect, type AddressInfo, type Socket } from 'node:net';
import type { Server } from 'node:http';
import express, { type Response } from 'express';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openSseWriter } from './sse-writer.ts';

let server: Server;
let client: Socket;
let answer: Promise<Response>;
beforeEach(async () => {
  const { promise, resolve } = Promise.withResolvers<Response>();
  answer = promise;
  const app = express();
  app.get('/', (_req, res) => resolve(res));
  server = app.listen(0, '127.0.0.1');
  await new Promise((listening) => server.once('listening', listening));
  client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.on('error', () => undefined);
  client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
});
afterEach(() => {
  client.destroy();
  server.closeAllConnections();
  server.close();
});

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setImmediate(resolve));
}

const longPatienceMs = 60_000;
const shortPatienceMs = 100;
const piece = 'x'.repeat(1_000_000);

test('a client that takes nothing is left, and what is held for it is bounded', async () => {
  client.pause();
  const res = await answer;
  const writer = openSseWriter(res, shortPatienceMs);
  let sent = 0;
  // The system's own buffers take some megabytes first.
  for (; !res.closed && sent < 100; sent += 1) {
    await writer.send('e', String(sent), piece);
    expect(res.writableLength).toBeLessThan(2 * piece.length);
  }
  expect(res.closed).toBe(true);
  expect(sent).toBeLessThan(100);
});

test('a client that is slow but takes what comes is waited for', async () => {
  client.pause();
  const res = await answer;
  const writer = openSseWriter(res, longPatienceMs);
  let isSent = false;
  const sending = (async () => {
    for (let n = 0; n < 20; n += 1) await writer.send('e', String(n), piece);
    isSent = true;
  })();
  await until(() => res.writableNeedDrain);
  expect(isSent).toBe(false);
  let size = 0;
  client.on('data', (bytes) => (size += bytes.length));
  client.resume();
  await sending;
  writer.end(false);
  await until(() => size > 20 * piece.length);
});
