import type { ServerResponse } from 'node:http';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { PromptQ, type JobEvent, type PromptQError } from '@promptq/client';
import { startLocalServer, type LocalServer } from '#support/local-server.ts';
import { sendJson } from '#support/upstream.ts';

let server: LocalServer;
afterEach(() => server.close());

const job = { id: 'chat_1', object: 'job', type: 'chat', status: 'queued' };
const sse = (id: string, type: string, data: unknown) =>
  `id: ${id}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
const done = sse('9-0', 'job.completed', { ...job, status: 'completed' });

/** Sends the text, in parts that end at these bytes, and then ends or breaks the connection. */
const sends =
  (text: string, { breaks = false, cuts = [] as number[] } = {}) =>
  async (res: ServerResponse) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    const bytes = Buffer.from(text);
    const ends = [...cuts.toSorted((a, b) => a - b), bytes.length];
    let start = 0;
    for (const end of ends) {
      const part = bytes.subarray(start, end);
      if (part.length > 0) await new Promise((resolve) => res.write(part, resolve));
      start = end;
    }
    if (breaks) res.destroy();
    else res.end();
  };

async function clientOf(answers: ((res: ServerResponse) => unknown)[], maxRetries = 4) {
  server = await startLocalServer(answers);
  return new PromptQ({ baseUrl: server.url, maxRetries });
}

async function readAll(events: AsyncIterable<JobEvent>): Promise<JobEvent[]> {
  const all: JobEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

test('a stream that breaks and one that ends too early go on after the last whole event', async () => {
  const client = await clientOf([
    sends(
      `retry: 1\n\n${sse('1-0', 'job.in_progress', job)}: ping\n\n${sse('1-2', 'output.delta', { delta: 'Gr' })}id: 1-9\ndata: {"te`,
      { breaks: true },
    ),
    sends(`retry: 1\n\n${sse('1-5', 'output.delta', { delta: 'üß ' })}`),
    (res) => sendJson(res, 503, { code: 'shutting_down', detail: 'x' }, { 'retry-after': '0' }),
    sends(sse('1-6', 'output.delta', { delta: 'dich' }) + done),
  ]);
  const events = await readAll(client.stream('chat_1'));
  expect(events.map(({ type }) => type)).toEqual([
    'job.in_progress',
    'output.delta',
    'output.delta',
    'output.delta',
    'job.completed',
  ]);
  expect(
    events.flatMap((event) => (event.type === 'output.delta' ? event.data.delta : [])).join(''),
  ).toBe('Grüß dich');
  expect(server.calls.map(({ headers }) => headers['last-event-id'])).toEqual([
    undefined,
    '1-2',
    '1-5',
    '1-5',
  ]);
  expect(server.calls[0]?.headers.accept).toBe('text/event-stream');
});

test('no character is lost where the network cuts, also in the middle of one', async () => {
  const text = 'a👋é\r\n日本 "x"';
  const stream = sse('1-1', 'output.delta', { delta: text }) + done;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(Buffer.byteLength(stream)), { maxLength: 8 }),
      async (cuts) => {
        const client = await clientOf([sends(stream, { cuts })]);
        const [delta] = await readAll(client.stream('chat_1'));
        expect(delta).toEqual({ id: '1-1', type: 'output.delta', data: { delta: text } });
        await server.close();
      },
    ),
    { numRuns: 50 },
  );
});

test('a stream that says nothing new again and again is given up', async () => {
  const client = await clientOf([sends('retry: 1\n\n: ping\n\n')], 2);
  await expect(readAll(client.stream('chat_1'))).rejects.toMatchObject({ code: 'unreachable' });
  expect(server.calls).toHaveLength(3);
});

test('a stream that breaks often, but says something each time, goes on', async () => {
  const piece = (n: number) =>
    sends(`retry: 1\n\n${sse(`1-${n}`, 'output.delta', { delta: `${n}` })}`, { breaks: true });
  const client = await clientOf([1, 2, 3, 4, 5].map(piece).concat(sends(done)), 1);
  expect(await readAll(client.stream('chat_1'))).toHaveLength(6);
});

test('a submission is submitted and streamed; only chat is asked for tokens', async () => {
  const client = await clientOf([(res) => sendJson(res, 202, job), sends(done)]);
  await readAll(client.stream({ type: 'chat', input: { message: 'hi' } }, { idempotencyKey: 'k' }));
  expect(JSON.parse(server.calls[0]?.body ?? '')).toEqual({
    type: 'chat',
    input: { message: 'hi', stream: true },
  });
  expect(server.calls[0]?.headers['idempotency-key']).toBe('k');
  expect(server.calls[1]?.url).toBe('/v1/jobs/chat_1/events');
  await server.close();
  const other = await clientOf([(res) => sendJson(res, 202, job), sends(done)]);
  await readAll(other.stream({ type: 'analysis', input: { text: 'x' } }));
  expect(JSON.parse(server.calls[0]?.body ?? '')).toEqual({
    type: 'analysis',
    input: { text: 'x' },
  });
});

test('after the last event there is nothing more', async () => {
  const client = await clientOf([(res) => void res.writeHead(204).end()]);
  expect(await readAll(client.stream('chat_1', { lastEventId: '9-0' }))).toEqual([]);
  expect(server.calls[0]?.headers['last-event-id']).toBe('9-0');
});

test('leaving the loop closes the connection', async () => {
  const closed = Promise.withResolvers<void>();
  const client = await clientOf([
    (res) => {
      res.once('close', closed.resolve);
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write(sse('1-0', 'job.in_progress', job));
    },
  ]);
  for await (const { type } of client.stream('chat_1')) if (type === 'job.in_progress') break;
  await expect(closed.promise).resolves.toBe(undefined);
});

test('what is no stream, and a job that is not there, are errors at once', async () => {
  const client = await clientOf([
    (res) => sendJson(res, 200, job),
    (res) => sendJson(res, 404, { code: 'not_found', detail: 'x' }),
  ]);
  const failure = () => readAll(client.stream('chat_1')).catch((error: PromptQError) => error.code);
  expect(await failure()).toBe('unexpected_answer');
  expect(await failure()).toBe('not_found');
  expect(server.calls).toHaveLength(2);
});

test('results that break off go on behind the last whole one; lines that are no JSON are an error', async () => {
  const line = (n: number) => `${JSON.stringify({ custom_id: `r-${n}`, status: 'completed' })}\n`;
  const client = await clientOf([
    sends(`${line(1)}${line(2)}{"custom_id":"r-`, { breaks: true }),
    // r-0 has ended in between: without the break it would not have come either.
    sends(`${line(0)}${line(1)}${line(2)}${line(3)}`),
    sends('<html>\n'),
  ]);
  const ids: string[] = [];
  for await (const { custom_id } of client.batch.results('batch_1')) ids.push(custom_id);
  expect(ids).toEqual(['r-1', 'r-2', 'r-3']);
  const results = client.batch.results('batch_1');
  await expect(results.next()).rejects.toMatchObject({ code: 'unexpected_answer' });
  expect(server.calls).toHaveLength(3);
});

test('JSON lines are streamed up as they are asked for, and from the start when a try has failed', async () => {
  let begun = 0;
  const client = await clientOf([
    (res) => sendJson(res, 503, { code: 'redis_unavailable', detail: 'x' }, { 'retry-after': '0' }),
    (res) => sendJson(res, 202, { id: 'batch_1', object: 'batch' }),
  ]);
  const batch = await client.batch.submitLines(function* lines() {
    begun += 1;
    for (let n = 0; n < 20_000; n += 1) yield `{"custom_id":"${n}"}\n`;
  });
  expect(batch.id).toBe('batch_1');
  expect(begun).toBe(2);
  const [first, second] = server.calls;
  expect(second?.body.split('\n')).toHaveLength(20_001);
  expect(second?.body).toBe(first?.body);
  expect(second?.headers).toMatchObject({
    'content-type': 'application/jsonl',
    'idempotency-key': first?.headers['idempotency-key'],
  });
});
