import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { chatBody, post } from '#support/problem.ts';
import { startStack, type Stack } from '#support/stack.ts';
import { until } from '#support/until.ts';

let stack: Stack;
const sockets: Socket[] = [];
beforeEach(async () => {
  stack = await startStack();
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await stack.close();
});

async function open(text: string): Promise<void> {
  const { port } = new URL(stack.api.url);
  const socket = connect(Number(port), '127.0.0.1');
  socket.on('error', () => undefined); // The API may have had enough of it.
  sockets.push(socket);
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.write(text);
}

test('clients that never finish their headers or bodies do not stop others from submitting', async () => {
  const head = 'POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';
  await Promise.all(Array.from({ length: 500 }, () => open(head)));
  await Promise.all(
    Array.from({ length: 500 }, () => open(`${head}Content-Length: 1000\r\n\r\n{"type":`)),
  );
  const drip = setInterval(() => {
    for (const socket of sockets) if (!socket.destroyed) socket.write(' ');
  }, 100);
  const worker = await stack.worker();
  for (let n = 0; n < 20; n += 1) {
    const answer = await post(stack, chatBody({ message: 'hi' }));
    expect(answer.status).toBe(202);
  }
  await until('their jobs are done', async () => (await stack.auditEvents()).length === 20);
  clearInterval(drip);
  await worker.kill('SIGTERM');
});

test('a connection is not held by a head that never ends, nor by the body of a request that was refused', async () => {
  await open('POST /v1/jobs HTTP/1.1\r\nHost: x\r\n');
  await open(
    'POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 1000000\r\n\r\n',
  );
  const answers = sockets.map((socket) => {
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    return () => text;
  });
  const closed = Promise.all(sockets.map((socket) => once(socket, 'close')));
  const drip = setInterval(() => {
    for (const socket of sockets) if (!socket.destroyed) socket.write('x');
  }, 100);
  await closed.finally(() => clearInterval(drip));
  expect(answers.map((text) => text().split('\r\n', 1)[0])).toEqual([
    'HTTP/1.1 408 Request Timeout',
    'HTTP/1.1 415 Unsupported Media Type',
  ]);
});

test('whatever a caller sends that is echoed, the log stays one JSON object a line', async () => {
  const evil = '\u001b[31m{"level":60}\\n{"msg":"forged"}';
  const given: Record<string, string>[] = [
    { 'x-request-id': evil.replaceAll('\u001b', '') },
    { 'x-request-id': 'a'.repeat(5_000) },
    { 'user-agent': '{"msg":"forged"}' },
  ];
  for (const headers of given) {
    await post(stack, chatBody({ message: 'hi' }, { user_id: evil, metadata: { 'a\n"}': evil } }), {
      'content-type': 'application/json',
      ...headers,
    });
  }
  await stack.request(`/v1/${encodeURIComponent(evil)}`);
  await until('all is logged', () => stack.api.log.filter(({ req }) => req).length >= 4);
  expect(stack.api.text, 'lines that are no JSON').toEqual([]);
  expect(stack.api.log.every(({ msg }) => msg !== 'forged')).toBe(true);
});
