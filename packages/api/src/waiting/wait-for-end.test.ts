import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { withDefaults, type JobData, type JobRecord } from '@promptq/shared/jobs';
import { jobSubscriptions, type JobSubscriptions } from './subscription.ts';
import { waitForEnd } from './wait-for-end.ts';

const input = { message: 'hi', model: 'm' } as JobData['input'];
const waiting: JobRecord = {
  id: 'chat_1',
  type: 'chat',
  data: withDefaults({ input } as Partial<JobData>),
  state: { at: 'waiting' },
  maxAttempts: 3,
  attemptsMade: 0,
  attemptsStarted: 0,
  createdAtMs: Date.now(),
  startByMs: Date.now() + 86_400_000,
  startedAtMs: null,
  progress: null,
  worker: null,
};
const completed: JobRecord = {
  ...waiting,
  state: {
    at: 'completed',
    result: {
      output: { response: 'done', finish_reason: 'stop', model: 'm' },
      usage: { input_tokens: 1, output_tokens: 1, total_tokens: 2 },
    },
    finishedAtMs: 1,
  },
};

/** No notification ever comes; `onSubscribe` runs during the subscription. */
function silent(onSubscribe: () => void): JobSubscriptions {
  return jobSubscriptions({
    subscribe: async () => {
      onSubscribe();
      return () => undefined;
    },
  });
}

function client() {
  return Object.assign(new EventEmitter(), { closed: false });
}

test('a job that ends during the subscription is not waited for', async () => {
  let record = waiting;
  const subscriptions = silent(() => {
    record = completed;
  });
  const wait = {
    subscriptions,
    jobId: 'chat_1',
    seconds: 60,
    read: async () => record,
    res: client(),
  };
  expect(await waitForEnd(wait)).toMatchObject({
    isHonoured: true,
    record: { state: { at: 'completed' } },
  });
}, 10_000);

test('the wait ends when the client disconnects', async () => {
  const res = client();
  const subscriptions = silent(() =>
    setImmediate(() => {
      res.closed = true;
      res.emit('close');
    }),
  );
  const wait = { subscriptions, jobId: 'chat_1', seconds: 60, read: async () => waiting, res };
  expect(await waitForEnd(wait)).toBeNull();
}, 10_000);
