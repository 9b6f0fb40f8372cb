import { readFile } from 'node:fs/promises';
import { request as rawRequest } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chats, jsonLines, postBatch } from '#support/batch.ts';
import { startStack, type Stack } from '#support/stack.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.close());

test('300 MB are refused, told or not told beforehand, and cost the API no memory', async () => {
  const rss = async () =>
    Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${stack.api.pid}/status`, 'utf8'))?.[1]);
  const before = await rss();
  const line = JSON.stringify({ ...chats(1)[0], custom_id: 'CUSTOM' });
  const text = (n: number) => `${line.replace('CUSTOM', `r-${n}`)}${' '.repeat(60_000)}\n`;
  let sent = 0;
  const answer = await new Promise<{ status: number; body: string }>((resolve, reject) => {
    const req = rawRequest(
      `${stack.api.url}/v1/batches`,
      { method: 'POST', headers: jsonLines },
      (res) => {
        let body = '';
        res.on('data', (chunk: Buffer) => (body += chunk.toString()));
        res.on('end', () => {
          req.destroy();
          resolve({ status: res.statusCode ?? 0, body });
        });
      },
    );
    req.on('error', reject);
    const write = () => {
      while (sent < 5_000 && !req.destroyed) {
        sent += 1;
        if (!req.write(text(sent))) return void req.once('drain', write);
      }
      req.end();
    };
    write();
  });
  expect(answer.status).toBe(413);
  expect(JSON.parse(answer.body)).toMatchObject({ code: 'body_too_large' });
  expect((await rss()) - before, 'in KiB').toBeLessThan(150_000);

  const status = await new Promise<number>((resolve, reject) => {
    const headers = { ...jsonLines, 'content-length': 300_000_000 };
    const req = rawRequest(`${stack.api.url}/v1/batches`, { method: 'POST', headers }, (res) => {
      res.resume();
      resolve(res.statusCode ?? 0);
      req.destroy();
    });
    req.on('error', reject);
    req.write(text(0));
  });
  expect(status).toBe(413);
  expect(
    (await postBatch(stack, { requests: [{ ...chats(1)[0], user_id: 'x'.repeat(17_000_000) }] }))
      .status,
  ).toBe(413);
  const { version, queues } = stack.keys;
  const names = await stack.redis.keys(`${stack.prefix}:*`);
  expect(
    names.filter((name) => name !== version && name !== queues && !name.endsWith(':meta')),
    'nothing is left',
  ).toEqual([]);
});
