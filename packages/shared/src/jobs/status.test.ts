import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isTerminal } from '../contracts/index.ts';
import { readJobHash } from '../queues/index.ts';
import { statusOf, toPublicJob } from '../jobs/index.ts';

const data = {
  input: { message: 'hi', model: 'm', temperature: 0 },
  user_id: 'u',
  metadata: {},
  timeout_seconds: 600,
};
const createdAtMs = 1_000;
const startWithinMs = 10_000;
const record = (more: { data?: object; fields?: Record<string, string>; delayMs?: number } = {}) =>
  readJobHash(
    'chat_1',
    'chat',
    {
      data: JSON.stringify({ ...data, start_within_seconds: startWithinMs / 1_000, ...more.data }),
      opts: JSON.stringify({ attempts: 3, ...(more.delayMs ? { delay: more.delayMs } : {}) }),
      timestamp: String(createdAtMs),
      ...more.fields,
    },
    { at: 'waiting' },
  );

test('a queued job expires by the clock, counted after its delay, unless it was started before', () => {
  fc.assert(
    fc.property(fc.nat(50_000), fc.nat(50_000), fc.boolean(), (nowMs, delayMs, wasStarted) => {
      const fields: Record<string, string> = wasStarted ? { processedOn: '1500' } : {};
      const { status, finishedAtMs } = statusOf(record({ delayMs, fields }), nowMs);
      const endMs = createdAtMs + delayMs + startWithinMs;
      const isExpired = !wasStarted && nowMs > endMs;
      expect(status).toBe(isExpired ? 'expired' : 'queued');
      expect(finishedAtMs).toBe(isExpired ? endMs : null);
    }),
  );
});

test('a queued job that is to be cancelled is cancelled, whether or not its time is over', () => {
  fc.assert(
    fc.property(fc.nat(50_000), (nowMs) => {
      const job = toPublicJob(record({ data: { cancel_requested_at: 2_000 } }), {
        resultTtlSeconds: 60,
        includeInput: false,
        nowMs,
      });
      expect(job).toMatchObject({
        status: 'cancelled',
        cancel_requested_at: '1970-01-01T00:00:02.000Z',
        finished_at: '1970-01-01T00:00:02.000Z',
        next_attempt_at: null,
        error: { code: 'cancelled', attempts: 0, retryable: false },
      });
    }),
  );
});

test('one that was cancelled while it waited is so with the worker that refuses it; one that ran is in progress', () => {
  const options = { resultTtlSeconds: 60, includeInput: false, nowMs: 3_000 };
  const active = (before: boolean) =>
    toPublicJob(
      {
        ...record({ data: { cancel_requested_at: 2_000, cancelled_before_start: before } }),
        state: { at: 'active' },
      },
      options,
    );
  expect(active(true)).toMatchObject({ status: 'cancelled', attempt: 0, started_at: null });
  expect(active(false)).toMatchObject({ status: 'in_progress', attempt: 1 });
});

test.each([
  ['cancelled', 'cancelled'],
  ['expired', 'expired'],
  ['upstream_auth', 'failed'],
])('a job that failed with %s is %s', (code, status) => {
  const failedReason = JSON.stringify({ code, upstream: null, neverStarted: true });
  const fields = { failedReason, processedOn: '2000', finishedOn: '2001', atm: '1' };
  const job = toPublicJob(record({ fields }), {
    resultTtlSeconds: 60,
    includeInput: false,
    nowMs: 0,
  });
  expect(job.status).toBe(status);
  expect(isTerminal(job.status)).toBe(true);
  expect(job, 'an attempt that never started does not count').toMatchObject({
    attempt: 0,
    started_at: null,
    error: { code, attempts: 0 },
    timings: { queued_ms: null, running_ms: null },
  });
});
