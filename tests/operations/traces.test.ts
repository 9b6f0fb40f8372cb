import { afterEach, beforeEach, expect, test } from 'vitest';
import { startApi, startWorker } from '#support/processes.ts';
import { startCollector, type Collector } from '#support/collector.ts';
import { newWebhookSecret } from '@promptq/shared/webhooks';
import { startReceiver } from '#support/receiver.ts';
import { startStack, type Stack } from '#support/stack.ts';
import { until } from '#support/until.ts';

let collector: Collector;
let stack: Stack;
beforeEach(async () => {
  collector = await startCollector();
});
afterEach(async () => {
  await stack.close();
  await collector.close();
});

const traceId = '0af7651916cd43dd8448eb211c80319c';
const callersSpan = 'b7ad6b7169203331';
const [server, client, producer, consumer] = [2, 3, 4, 5]; // SpanKind of OTLP

const submit = (body: object, headers: Record<string, string> = {}) =>
  stack.request('/v1/jobs', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });

test('one trace from the caller through API, queue and worker to the upstream and the webhook', async () => {
  const secret = newWebhookSecret();
  const receiver = await startReceiver(secret);
  stack = await startStack({
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    WEBHOOK_SECRET: secret,
    WEBHOOK_ALLOWED_HOSTS: '127.0.0.1',
  });
  await stack.worker();
  const accepted = await submit(
    {
      type: 'chat',
      input: { message: 'a secret prompt' },
      webhook: { url: `${receiver.url}/example.com` },
    },
    { traceparent: `00-${traceId}-${callersSpan}-01`, tracestate: 'vendor=1' },
  );
  const { id } = (await accepted.json()) as { id: string };
  await stack.finished(id);

  const find = (kind: number | undefined, service: string, name = '') =>
    until(`a span of kind ${kind} of ${service}`, () =>
      collector.spans.find(
        (span) =>
          span.traceId === traceId &&
          span.kind === kind &&
          span.service === service &&
          span.name.includes(name),
      ),
    );
  const request = await find(server, 'promptq-api');
  const added = await find(producer, 'promptq-api');
  const attempt = await find(consumer, 'promptq-worker', 'chat');
  const call = await find(client, 'promptq-worker', 'upstream');
  const delivery = await find(consumer, 'promptq-worker', 'webhooks');
  const sending = await find(client, 'promptq-worker', 'webhook');
  expect(request.name).toBe('POST /v1/jobs');
  expect(request.parentSpanId).toBe(callersSpan);
  expect(added.parentSpanId).toBe(request.spanId);
  expect(attempt.parentSpanId).toBe(added.spanId);
  expect(call.parentSpanId).toBe(attempt.spanId);
  expect(stack.upstream.calls.map(({ traceparent }) => traceparent)).toEqual([
    `00-${traceId}-${call.spanId}-01`,
  ]);
  expect(delivery.parentSpanId).toBe(added.spanId);
  expect(sending.parentSpanId).toBe(delivery.spanId);
  expect(receiver.received.map(({ headers }) => headers['traceparent'])).toEqual([
    `00-${traceId}-${sending.spanId}-01`,
  ]);
  await receiver.close();
  for (const secret of ['a secret prompt', 'sk-test-secret', 'example.com'])
    expect(collector.text()).not.toContain(secret);
});

test.each([
  ['with an Idempotency-Key', {}, { 'idempotency-key': 'k' }],
  ['while the jobs of tenants are limited', { MAX_WAITING_JOBS_PER_TENANT: '9' }, {}],
])('a job that is submitted %s is in the trace as well', async (_, settings, headers) => {
  stack = await startStack({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, ...settings });
  await stack.worker();
  const traceparent = `00-${traceId}-${callersSpan}-01`;
  await submit({ type: 'chat', input: { message: 'x' } }, { traceparent, ...headers });
  const [request, added, attempt] = await until('it is exported', () => {
    const spans = collector.spans.filter((span) => span.traceId === traceId);
    const found = [server, producer, consumer].map((one) => spans.find(({ kind }) => kind === one));
    return found.every((span) => span !== undefined) && found;
  });
  expect(added?.parentSpanId).toBe(request?.spanId);
  expect(attempt?.parentSpanId).toBe(added?.spanId);
});

test('an invalid traceparent begins a trace of its own, and one that is not sampled leaves no span', async () => {
  stack = await startStack({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
  await stack.worker();
  const headers = [
    { traceparent: 'nonsense' },
    { traceparent: `00-${traceId}-${callersSpan}-00` },
    {},
  ];
  const jobs: string[] = [];
  for (const header of headers) {
    const answer = await submit(
      { type: 'chat', input: { message: 'x' } },
      header as Record<string, string>,
    );
    jobs.push(((await answer.json()) as { id: string }).id);
  }
  for (const id of jobs) await stack.finished(id);
  await until(
    'the calls of two are exported',
    () => collector.spans.filter(({ kind }) => kind === client).length === 2,
  );
  const traces = new Set(
    collector.spans.filter(({ kind }) => kind === client).map((span) => span.traceId),
  );
  expect(traces.size).toBe(2);
  expect(traces.has(traceId)).toBe(false);
  const roots = collector.spans.filter(({ parentSpanId }) => !parentSpanId);
  expect(
    roots.filter(({ kind }) => kind !== server),
    "no trace of BullMQ's own",
  ).toEqual([]);
  expect(
    stack.upstream.calls.filter(({ traceparent }) => traceparent?.includes(traceId)).length,
    'it is passed on',
  ).toBe(1);
});

/** Writes the name of every package of OpenTelemetry that a process loads. */
const watchLoads = `--import data:text/javascript,${encodeURIComponent(`
import { registerHooks } from 'node:module';
registerHooks({ resolve(name, context, next) {
  if (/^(@opentelemetry\\/|bullmq-otel)/.test(name)) console.log('loaded ' + name);
  return next(name, context);
} });`)}`;

test('without a collector nothing of it is loaded, and a job is not a byte longer', async () => {
  stack = await startStack();
  const loaded = async (more: Record<string, string>) => {
    const environment = { ...stack.environment, NODE_OPTIONS: watchLoads, ...more };
    const services = [await startApi(environment), await startWorker(environment)];
    await Promise.all(services.map((service) => service.kill('SIGTERM')));
    const names = services.flatMap(({ text }) => text.filter((line) => line.startsWith('loaded ')));
    // prom-client itself loads the interface.
    return new Set(names.filter((line) => line !== 'loaded @opentelemetry/api'));
  };
  expect(await loaded({})).toEqual(new Set());
  expect(await loaded({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url })).toContain(
    'loaded bullmq-otel',
  );

  const answer = await submit(
    { type: 'chat', input: { message: 'x' } },
    { traceparent: `00-${traceId}-${callersSpan}-01` },
  );
  const { id } = (await answer.json()) as { id: string };
  const options = JSON.parse(
    (await stack.redis.hget(stack.keys.job('chat', id), 'opts')) as string,
  );
  expect(Object.keys(options).toSorted()).toEqual(['attempts', 'backoff', 'priority']);
  await stack.worker();
  await stack.finished(id);
  expect(stack.upstream.calls[0]?.traceparent).toBe(undefined);
});

test('a collector that is away costs spans and nothing else', async () => {
  stack = await startStack({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' });
  const worker = await stack.worker();
  const { id } = await stack.submit({ type: 'chat', input: { message: 'x' } });
  expect((await stack.finished(id)).status).toBe('completed');
  await until('it is logged', () => worker.log.some(({ msg }) => msg === 'could not send traces'));
  expect(await worker.kill('SIGTERM')).toMatchObject({ code: 0 });
});
