import { expect, test } from 'vitest';

import { answer, latencyMs } from './stand-in-model.ts';

const sentiment = 'Answer with one word: the sentiment.';
const topics = 'Name three topics, comma-separated.';
const summary = 'Summarize in one sentence.';

function ask(instruction: string | undefined, text: string, maxTokens?: number): string {
  const system =
    instruction === undefined ? [] : [{ role: 'system' as const, content: instruction }];
  const messages = [...system, { role: 'user' as const, content: text }];
  return answer({
    model: 'any',
    messages,
    ...(maxTokens === undefined ? {} : { max_tokens: maxTokens }),
  }).content;
}

test.each([
  ['The food was excellent and the staff friendly.', 'positive'],
  ['The food was not good and the room was dirty.', 'negative'],
  ['I love the screen, but I hate the battery.', 'mixed'],
  ['The parcel weighs two kilograms.', 'neutral'],
  ['', 'neutral'],
])('the sentiment of %j is %s', (text, expected) => {
  expect(ask(sentiment, text)).toBe(expected);
});

test('the topics are the words the text repeats, stop words left out', () => {
  const text =
    'The harbour is old. Ships come to the harbour; the ships bring salt, and the salt feeds the harbour.';
  expect(ask(topics, text)).toBe('harbour, ships, salt');
});

test('a pair of words that comes back is one topic', () => {
  expect(
    ask(topics, 'Solar power is cheap. Solar power needs batteries. Batteries and solar power.'),
  ).toContain('solar power');
});

test('a text without words still has an answer', () => {
  expect(ask(topics, '!!! ???')).toBe('no words');
  expect(ask(summary, ' \n ')).toBe('There is no text.');
});

test('the summary is the first sentence, on one line', () => {
  expect(ask(summary, 'The road\nwas long. It rained.')).toBe('The road was long.');
});

test('a chat reply reflects the message', () => {
  expect(ask(undefined, 'Say hello')).toBe('Hello!');
  expect(ask(undefined, 'What is the capital of France?')).toContain('capital and france');
  expect(ask(undefined, 'Walden Pond froze last night.')).toContain(
    'Walden Pond froze last night.',
  );
});

test('an answer longer than max_tokens is cut and says so', () => {
  const request = {
    model: 'any',
    max_tokens: 2,
    messages: [{ role: 'user' as const, content: 'Tell me of whales.' }],
  };
  const { content, finishReason } = answer(request);
  expect(content).toHaveLength(8);
  expect(finishReason).toBe('length');
});

test('latency stays between 300 and 900 ms and belongs to the prompt', () => {
  const latencies = Array.from({ length: 200 }, (_, index) => latencyMs(`prompt ${index}`));
  expect(Math.min(...latencies)).toBeGreaterThanOrEqual(300);
  expect(Math.max(...latencies)).toBeLessThanOrEqual(900);
  expect(new Set(latencies).size).toBeGreaterThan(100);
  expect(latencyMs('same')).toBe(latencyMs('same'));
});
