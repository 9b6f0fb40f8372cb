import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { readJobHash } from '@promptq/shared/queues';
import type { JobRecord } from '@promptq/shared/jobs';
import type { JobSubscriptions } from '../live/open-live.ts';
import { waitForEnd } from './wait-for-end.ts';

const data = {
  input: { message: 'hi', model: 'm', temperature: 0 },
  user_id: 'u',
  metadata: {},
  timeout_seconds: 600,
};
const result = {
  output: { response: 'done', finish_reason: 'stop', model: 'm' },
  usage: { input_tokens: 1, output_tokens: 1, total_tokens: 2 },
};

function job(more: Record<string, string> = {}): JobRecord {
  const fields = { data: JSON.stringify(data), opts: '{}', timestamp: String(Date.now()), ...more };
  return readJobHash('chat_1', 'chat', fields, { at: 'waiting' });
}

/** Nothing is ever told; `onHear` happens while the subscription is under way. */
function silent(onHear: () => void): JobSubscriptions {
  return {
    subscribe: async () => {
      onHear();
      return () => undefined;
    },
    limit: (ask) => ask(),
    notify: () => undefined,
    close: () => undefined,
  };
}

function client() {
  return Object.assign(new EventEmitter(), { closed: false });
}

test('a job that ends between the first look and the subscription is not waited for', async () => {
  let record = job();
  const subscriptions = silent(() => {
    record = job({ finishedOn: '1', returnvalue: JSON.stringify(result) });
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

test('a client that leaves is not waited for either', async () => {
  const res = client();
  const subscriptions = silent(() =>
    setImmediate(() => {
      res.closed = true;
      res.emit('close');
    }),
  );
  const wait = { subscriptions, jobId: 'chat_1', seconds: 60, read: async () => job(), res };
  expect(await waitForEnd(wait)).toBeNull();
}, 10_000);
