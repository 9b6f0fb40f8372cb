import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startStack, type Stack } from '#support/stack.ts';
import { completion, sendError, sendJson, type Answer } from '#support/upstream.ts';
import { until } from '#support/until.ts';

let stack: Stack;
beforeAll(async () => {
  // Two attempts are enough to tell "retry" from "fail".
  stack = await startStack({ JOB_ATTEMPTS: '2' });
  await stack.worker();
});
afterAll(() => stack.close());

/** Answers as told to jobs whose message is a name of this table; every other job gets a good answer. */
const answers: Record<string, { answer: Answer; code: string; attempts: number; status?: number }> =
  {};
const fault = (name: string, code: string, attempts: number, answer: Answer, status?: number) => {
  answers[name] = { answer, code, attempts, ...(status === undefined ? {} : { status }) };
};

for (const status of [400, 404, 405, 413, 415, 422]) {
  fault(
    `status ${status}`,
    'upstream_invalid_request',
    1,
    (_, res) => sendError(res, status, 'model_not_found'),
    status,
  );
}
for (const status of [401, 403]) {
  fault(
    `status ${status}`,
    'upstream_auth',
    1,
    (_, res) => sendError(res, status, 'invalid_api_key', 'Incorrect API key: sk-test-secret'),
    status,
  );
}
fault('status 402', 'upstream_quota_exhausted', 1, (_, res) => sendError(res, 402, null), 402);
fault(
  'no quota',
  'upstream_quota_exhausted',
  1,
  (_, res) => sendError(res, 429, 'insufficient_quota'),
  429,
);
fault(
  'billing',
  'upstream_quota_exhausted',
  1,
  (_, res) => sendError(res, 429, 'billing_not_active'),
  429,
);
for (const status of [408, 409, 500, 502, 503, 504, 529]) {
  fault(
    `status ${status}`,
    'upstream_unavailable',
    2,
    (_, res) => sendError(res, status, null),
    status,
  );
}
fault(
  'a redirect',
  'upstream_invalid_request',
  1,
  (_, res) => {
    res.writeHead(302, { location: 'http://127.0.0.1:1/' }).end();
    return undefined;
  },
  302,
);
const raw =
  (body: string | Buffer, headers: Record<string, string> = {}): Answer =>
  (_, res) => {
    res.writeHead(200, { 'content-type': 'application/json', ...headers }).end(body);
    return undefined;
  };
fault('invalid JSON', 'upstream_unavailable', 2, raw('{"choices": [nope'));
fault('HTML', 'upstream_unavailable', 2, raw('<html>busy</html>', { 'content-type': 'text/html' }));
fault('null', 'upstream_unavailable', 2, raw('null'));
fault('a list', 'upstream_unavailable', 2, raw('[]'));
fault('a number', 'upstream_unavailable', 2, raw('7'));
fault('no choices', 'upstream_unavailable', 2, raw('{"choices":[]}'));
fault('nothing', 'upstream_unavailable', 2, raw(''));
fault('choices of another shape', 'upstream_unavailable', 2, raw('{"choices":[{"message":"hi"}]}'));
fault(
  'gzip that nobody asked for',
  'upstream_unavailable',
  2,
  raw(gzipSync(JSON.stringify(completion('x', 'm'))), { 'content-encoding': 'gzip' }),
);
fault('10 MB', 'upstream_unavailable', 2, (call, res) =>
  sendJson(res, 200, completion('x'.repeat(10_000_000), call.body.model)),
);
fault('a reset', 'upstream_unavailable', 2, (_, res) => {
  res.socket?.resetAndDestroy();
  return undefined;
});
fault('a truncated body', 'upstream_unavailable', 2, (_, res) => {
  res.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
  res.write('{"choices":');
  setImmediate(() => res.destroy());
  return undefined;
});
fault('silence', 'timeout', 2, () => undefined);
fault('headers, then silence', 'timeout', 2, (_, res) => {
  res.writeHead(200, { 'content-type': 'application/json' });
  res.flushHeaders();
  return undefined;
});
fault('a byte now and then', 'timeout', 2, (call, res) => {
  res.writeHead(200, { 'content-type': 'application/json' });
  const drip = setInterval(() => res.write(' '), 100);
  call.disconnected.addEventListener('abort', () => clearInterval(drip));
  return undefined;
});

test('every fault of the upstream fails its own job, with its code, and no other', async () => {
  stack.upstream.answerWith((call, res) => {
    const message = call.body.messages[0]?.content ?? '';
    return answers[message] ? answers[message].answer(call, res) : `echo ${message}`;
  });
  const names = Object.keys(answers);
  const jobs = await Promise.all(
    names.flatMap((name) => [
      // Only for a silent upstream is the limit of an attempt short: the others must never reach it.
      stack.submit({
        type: 'chat',
        input: { message: name },
        ...(answers[name]?.code === 'timeout' ? { timeout_seconds: 2 } : {}),
      }),
      stack.submit({ type: 'chat', input: { message: `good beside ${name}` } }),
    ]),
  );
  const ended = await Promise.all(jobs.map(({ id }) => stack.finished(id)));
  for (const [index, name] of names.entries()) {
    const { code, attempts, status } = answers[name] as (typeof answers)[string];
    const bad = ended[2 * index];
    expect({
      name,
      status: bad?.status,
      code: bad?.error?.code,
      attempts: bad?.error?.attempts,
    }).toEqual({
      name,
      status: 'failed',
      code,
      attempts,
    });
    expect(bad?.error?.upstream?.status, name).toBe(status);
    expect(ended[2 * index + 1]).toMatchObject({
      status: 'completed',
      output: { response: `echo good beside ${name}` },
    });
    const calls = stack.upstream.calls.filter(({ key }) => key === `${bad?.id}-chat`);
    expect(calls.length, `${name}: calls`).toBe(attempts);
  }
  const events = await until('all are audited', async () => {
    const seen = await stack.auditEvents();
    return seen.length === jobs.length && seen;
  });
  expect(new Set(events.map(({ job_id }) => job_id)).size).toBe(jobs.length);
  const failed = events.find(({ job_id }) => job_id === ended[0]?.id);
  expect(failed).toMatchObject({
    type: 'job.failed',
    reply: null,
    error: { code: ended[0]?.error?.code },
  });
});

test('no error and no log line shows a key, a prompt or a stack', async () => {
  const jobs = await stack.auditEvents();
  const errors = JSON.stringify(jobs.map(({ error }) => error));
  expect(errors).not.toContain('sk-test-secret');
  expect(errors).not.toContain('as told by the test');
  const stored = await stack.redis.hget(
    stack.keys.job('chat', jobs[0]?.job_id ?? ''),
    'stacktrace',
  );
  expect(stored ?? '[]').toBe('[]');
});

test('a job between two attempts is queued and tells when it goes on', async () => {
  stack.upstream.answerWith((_, res) => sendError(res, 503, null));
  const { id } = await stack.submit({ type: 'chat', input: { message: 'x' } });
  const job = await until('it waits for its second attempt', async () => {
    const seen = await stack.get(id);
    return seen.next_attempt_at !== null && seen;
  });
  expect(job).toMatchObject({ status: 'queued', attempt: 1, error: null, finished_at: null });
  expect(Date.parse(job.next_attempt_at as string)).toBeGreaterThan(
    Date.parse(job.started_at as string),
  );
  stack.upstream.answerWith(() => 'at last');
  expect(await stack.finished(id)).toMatchObject({
    status: 'completed',
    attempt: 2,
    output: { response: 'at last' },
  });
});
