import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isTerminal, jobSchema, type JobStatus } from '@promptq/shared/contracts';
import { callsOf, toPublicJob, type QueueState } from '@promptq/shared/jobs';
import { parseJobHash } from './parse-hash.ts';

type Unfinished = Extract<QueueState, { at: 'waiting' | 'delayed' | 'active' }>;

const data = {
  input: { message: 'hi', model: 'm', temperature: 0 },
  user_id: 'u',
  metadata: {},
  timeout_seconds: 600,
  start_within_seconds: 60,
  priority: 'normal',
  cancel_requested_at: null,
  retry_of: null,
  webhook: null,
  idempotency: null,
  custom_id: null,
  tenant: 'default',
  counted: false,
  own_secret: false,
} as const;
const hash = { data: JSON.stringify(data), opts: '{"attempts":3}', timestamp: '1000', atm: '0' };
const done = {
  returnvalue: JSON.stringify({
    output: { response: 'r', finish_reason: 'stop', model: 'm' },
    usage: { input_tokens: 1, output_tokens: 2, total_tokens: 3 },
  }),
};
const failed = { failedReason: '{"code":"upstream_auth","upstream":null}' };
const finished = { processedOn: '1500', finishedOn: '2500', atm: '1' };
const options = { resultTtlSeconds: 60, includeInput: false };
const publicJob = (fields: Record<string, string>, unfinished: Unfinished = { at: 'waiting' }) =>
  toPublicJob(parseJobHash('chat_1', 'chat', { ...hash, ...fields }, unfinished), options);

const states: [string, Record<string, string>, Unfinished, JobStatus, number][] = [
  ['waiting', {}, { at: 'waiting' }, 'queued', 0],
  ['active', { processedOn: '1500' }, { at: 'active' }, 'in_progress', 1],
  [
    'in its second attempt',
    { processedOn: '1500', atm: '1', ...failed },
    { at: 'active' },
    'in_progress',
    2,
  ],
  [
    'between attempts',
    { processedOn: '1500', atm: '1', ...failed },
    { at: 'delayed', untilMs: 9_000 },
    'queued',
    1,
  ],
  ['completed', { ...finished, ...done }, { at: 'waiting' }, 'completed', 1],
  [
    'completed after a failed attempt',
    { ...finished, ...failed, ...done },
    { at: 'waiting' },
    'completed',
    1,
  ],
  ['failed', { ...finished, ...failed }, { at: 'waiting' }, 'failed', 1],
];

test.each(states)('%s is reported as it is', (_name, fields, unfinished, status, attempt) => {
  const job = publicJob(fields, unfinished);
  expect(jobSchema.parse(job)).toEqual(job);
  expect(job).toMatchObject({ status, attempt, max_attempts: 3 });
  expect(job.output !== null).toBe(status === 'completed');
  expect(job.error !== null).toBe(status === 'failed');
  expect(job.finished_at !== null).toBe(isTerminal(status));
  expect(job.expires_at).toBe(isTerminal(status) ? '1970-01-01T00:01:02.500Z' : null);
  expect(job.next_attempt_at).toBe(unfinished.at === 'delayed' ? '1970-01-01T00:00:09.000Z' : null);
});

test('an error says what happened in fixed words, and whether trying again may help', () => {
  const job = publicJob({
    ...finished,
    atm: '3',
    failedReason:
      '{"code":"upstream_unavailable","upstream":{"status":503,"code":null,"request_id":"r"}}',
  });
  expect(job.error).toEqual({
    code: 'upstream_unavailable',
    message: 'The upstream could not be reached or gave no usable answer.',
    retryable: true,
    attempts: 3,
    upstream: { status: 503, code: null, request_id: 'r' },
  });
});

test('timings are never negative, whatever the clocks of two machines say', () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(), fc.nat(), (timestamp, processedOn, finishedOn) => {
      const job = publicJob({
        timestamp: String(timestamp),
        processedOn: String(processedOn),
        finishedOn: String(finishedOn),
        atm: '1',
        ...failed,
      });
      expect(job.timings.queued_ms).toBeGreaterThanOrEqual(0);
      expect(job.timings.running_ms).toBeGreaterThanOrEqual(0);
    }),
  );
});

test('progress counts calls: one for a chat, one for each text and task of an analysis', () => {
  const analysis = (input: { text?: string; texts?: string[] }) =>
    callsOf({
      ...data,
      input: { ...input, tasks: ['topics', 'summary'], model: 'm', max_concurrent: 5 },
    });
  expect(callsOf(data)).toBe(1);
  expect(analysis({ text: 'a' })).toBe(2);
  expect(analysis({ texts: ['a', 'b', 'c'] })).toBe(6);
});
