import { Writable } from 'node:stream';
import { setImmediate as nextTick } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { coalesceWrites } from './coalesce-writes.ts';

function gathering() {
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

test('what is written in one turn goes out together and in order, promises of the turn included', async () => {
  const { stream, sent } = gathering();
  stream.write('a');
  const later = async () => {
    await Promise.resolve();
    stream.write('b');
    await Promise.resolve();
    stream.write('c');
  };
  void later();
  expect(sent).toEqual([]);
  await nextTick();
  expect(sent).toEqual(['abc']);
});

test('nothing stays behind: each turn sends its own, and an end sends the rest', async () => {
  const { stream, sent } = gathering();
  for (const text of ['a', 'b']) {
    stream.write(text);
    await nextTick();
  }
  stream.write('c');
  stream.end('d');
  await nextTick();
  expect(sent).toEqual(['a', 'b', 'cd']);
});
