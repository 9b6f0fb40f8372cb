import { Writable } from 'node:stream';
import { setImmediate as nextIteration } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { coalesceWrites } from './coalesce-writes.ts';

function collectingStream() {
  const sent: string[] = [];
  const stream = new Writable({
    writev: (chunks, done) => {
      sent.push(chunks.map(({ chunk }) => String(chunk)).join(''));
      done();
    },
  });
  coalesceWrites(stream);
  return { stream, sent };
}

test('what is written in one iteration of the event loop is sent together and in order, with what promises add', async () => {
  const { stream, sent } = collectingStream();
  stream.write('a');
  const later = async () => {
    await Promise.resolve();
    stream.write('b');
    await Promise.resolve();
    stream.write('c');
  };
  void later();
  expect(sent).toEqual([]);
  await nextIteration();
  expect(sent).toEqual(['abc']);
});

test('each iteration sends its own writes, and an end sends the rest', async () => {
  const { stream, sent } = collectingStream();
  for (const text of ['a', 'b']) {
    stream.write(text);
    await nextIteration();
  }
  stream.write('c');
  stream.end('d');
  await nextIteration();
  expect(sent).toEqual(['a', 'b', 'cd']);
});
