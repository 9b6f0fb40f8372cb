import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AppendedOutput } from '@promptq/store';
import { createLogger } from '@promptq/shared/logging';
import { outputWriter } from './output-writer.ts';

const log = createLogger({ service: 'test', level: 'silent' });

/** A stream as the script in shared keeps it, of one attempt. */
function stream(answers: () => AppendedOutput | Error = () => 'appended') {
  const held = { text: '', writes: 0, begins: 0 };
  const append = async (from: number, text: string): Promise<AppendedOutput> => {
    held.writes += 1;
    const answer = answers();
    if (answer instanceof Error) throw answer;
    if (answer !== 'appended') return answer;
    if (from === 0) {
      held.begins += 1;
      held.text = text;
      return 'appended';
    }
    if (from !== held.text.length) return 'gap';
    held.text += text;
    return 'appended';
  };
  return { held, append };
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setImmediate(resolve));
}

test('what is published is the answer, however it was cut, and no character is cut in half', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ unit: 'binary', maxLength: 5 }), { maxLength: 20 }),
      fc.array(fc.nat(3)),
      async (texts, cuts) => {
        const answer = texts.join('');
        const { held, append } = stream();
        const writer = outputWriter({ append, jobId: 'j', log });
        let at = 0;
        for (const cut of cuts) {
          writer.add(answer.slice(at, at + cut));
          at += cut;
          await new Promise((resolve) => setImmediate(resolve));
          expect(held.text.isWellFormed()).toBe(true);
        }
        writer.add(answer.slice(at));
        writer.finish(answer.toWellFormed());
        await until(() => held.text === answer.toWellFormed());
      },
    ),
    { numRuns: 200 },
  );
});

test('a stream that lost a piece is given all of it again', async () => {
  let lost = false;
  const { held, append } = stream();
  const writer = outputWriter({
    append: async (from, text) => {
      if (from > 0 && !lost) {
        lost = true;
        held.text = 'x';
      }
      return append(from, text);
    },
    jobId: 'j',
    log,
  });
  writer.add('abc');
  await until(() => held.text === 'abc');
  writer.add('def');
  await until(() => held.text === 'abcdef');
  expect(lost).toBe(true);
});

test('after 1,000 pieces all is written again as one', async () => {
  const { held, append } = stream();
  const writer = outputWriter({ append, jobId: 'j', log });
  writer.finish('');
  expect(held.writes, 'an empty first piece').toBe(1);
  for (let piece = 1; piece <= 1_001; piece += 1) {
    writer.add('ab');
    writer.finish('ab'.repeat(piece)); // Does not wait for the next flush.
    await until(() => held.text.length === 2 * piece);
  }
  expect(held.begins).toBe(2 + 1); // The empty one, the first text, and the 1,000th.
});

test('nothing more is written once another attempt has begun, or Redis has refused a piece', async () => {
  for (const answer of ['superseded' as const, new Error('OOM')]) {
    const { held, append } = stream(() => answer);
    const writer = outputWriter({ append, jobId: 'j', log });
    await new Promise((resolve) => setImmediate(resolve));
    writer.add('abc');
    writer.finish('abc');
    await new Promise((resolve) => setImmediate(resolve));
    expect(held.writes).toBe(1);
  }
});

test('an answer that is not what was published is refused', () => {
  const { append } = stream();
  const writer = outputWriter({ append, jobId: 'j', log });
  writer.add('abc');
  expect(() => writer.finish('abd')).toThrow('differs from the answer');
});
