import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Queue, RedisQueueBackend, Worker } from 'bullmq';
import { expect, test } from 'vitest';
import { bullmqScript } from './bullmq-scripts.ts';

const require = createRequire(import.meta.url);
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 16);
const advice = (what: string) =>
  `${what} differs from the BullMQ that the store was written against. Read the change in BullMQ, compare it with ` +
  'packages/store/src/jobs/{add,finish,fetch}.lua and job-backend.ts (arguments, return codes, keys that a script ' +
  'touches, what it writes before it can fail), run the fault rows, and then record the new value here.';

test('BullMQ has the one version that the store was written against', () => {
  const { version } = require('bullmq/package.json') as { version: string };
  expect(version, advice('the version')).toBe('6.7.0');
});

/** The texts that the store's scripts contain, with the number of keys that they take. */
const wrapped: Record<string, [text: string, keys: number]> = {
  addPrioritizedJob: ['d4652d1be004a3d7', 9],
  addDelayedJob: ['e47c0db3c46bd84a', 6],
  addStandardJob: ['2eee45c9ffc54d24', 9],
  moveToActive: ['7d35069db0b831af', 11],
  moveToFinished: ['8e744ec5d65dbe9e', 14],
};

test.each(Object.entries(wrapped))('the script %s is the one that is wrapped', (name, expected) => {
  const { content, keys } = bullmqScript(name);
  expect([sha256(content), keys], advice(`the script ${name}`)).toEqual(expected);
});

/** The methods that JobBackend calls or replaces, by the number of their parameters. */
const methods: [name: string, parameters: number][] = [
  ['execCommand', 3],
  ['moveToActive', 2],
  ['moveToCompleted', 5],
  ['moveToFailed', 6],
  ['moveToCompletedArgs', 4],
  ['moveToFailedArgs', 4],
  ['moveToFinishedArgs', 7],
  ['moveToDelayed', 3],
  ['promote', 1],
];

test.each(methods)(
  'the method %s takes the parameters that the store passes',
  (name, parameters) => {
    const { [name]: method } = RedisQueueBackend.prototype as unknown as Record<
      string,
      { length: number } | undefined
    >;
    expect(method?.length, advice(`the method ${name}`)).toBe(parameters);
  },
);

test('the methods that end and fetch a job have the bodies that the store relies on', () => {
  const prototype = RedisQueueBackend.prototype as unknown as Record<string, () => unknown>;
  const bodies = [
    'moveToActive',
    'moveToFinishedArgs',
    'moveToCompletedArgs',
    'moveToFailedArgs',
  ].map((name) => sha256(String(prototype[name])));
  expect(bodies, advice('a method of RedisQueueBackend')).toEqual([
    '5acf245b2d4ca094',
    'c0d6d9c7df54de57',
    '3d1d0935d9ede449',
    '1aaaa4cf3957a916',
  ]);
});

test('queues and workers take a backend factory as their last argument', () => {
  const constructorsOf = (type: 'queue' | 'worker') =>
    readFileSync(require.resolve(`bullmq/dist/esm/classes/${type}.d.ts`), 'utf8').match(
      /constructor\([^;]*\);/g,
    ) ?? [];
  for (const type of ['queue', 'worker'] as const)
    expect(constructorsOf(type)[0], advice(`the constructor of ${type}`)).toMatch(
      /backendFactory: BackendFactory<B, ConnectionOptionsType>\);$/,
    );
  expect([Queue.length, Worker.length]).toEqual([3, 4]);
});
