import { expect, test } from 'vitest';
import { isTerminal, type JobStatus } from '../contracts/index.ts';
import type { FailureCode } from '../failure/index.ts';
import { statusOf, toPublicJob, withDefaults, type JobData, type JobRecord } from './index.ts';

const record = (state: JobRecord['state'], data: Partial<JobData> = {}): JobRecord => ({
  id: 'chat_1',
  type: 'chat',
  data: withDefaults({
    input: { message: 'hi', model: 'm', temperature: 0 },
    ...data,
  } as Partial<JobData>),
  state,
  maxAttempts: 3,
  attemptsMade: 1,
  attemptsStarted: 1,
  createdAtMs: 1_000,
  startByMs: 2_000,
  startedAtMs: 1_500,
  progress: null,
  worker: null,
});

test.each<[JobRecord['state'], JobStatus]>([
  [{ at: 'waiting' }, 'queued'],
  [{ at: 'delayed', untilMs: 9_000 }, 'queued'],
  [{ at: 'active' }, 'in_progress'],
])(
  'neither a deadline nor a request to cancel makes a job terminal while it is %j',
  (state, status) => {
    expect(statusOf(record(state))).toEqual({ status, finishedAtMs: null, failure: null });
    expect(statusOf(record(state, { cancel_requested_at: 1_800 })).status).toBe(status);
  },
);

test.each<[FailureCode, JobStatus]>([
  ['cancelled', 'cancelled'],
  ['expired', 'expired'],
  ['upstream_auth', 'failed'],
])('a job that failed with %s is %s', (code, status) => {
  const failure = { code, upstream: null, neverStarted: true };
  const failed = record({ at: 'failed', failure, finishedAtMs: 2_001 });
  expect(statusOf(failed)).toEqual({ status, finishedAtMs: 2_001, failure });
  const job = toPublicJob(failed, { resultTtlSeconds: 60, includeInput: false });
  expect(isTerminal(job.status)).toBe(true);
  expect(job, 'an attempt that never started does not count').toMatchObject({
    attempt: 0,
    started_at: null,
    error: { code, attempts: 0 },
    timings: { queued_ms: null, running_ms: null },
  });
});
