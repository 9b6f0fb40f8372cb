import fc from 'fast-check';
import { expect, test } from 'vitest';
import { eventData } from './event-data.ts';

async function* inPieces(bytes: Uint8Array, sizes: number[]): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (const size of [...sizes, bytes.length]) {
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function all(text: string, sizes: number[] = []): Promise<string[]> {
  const read: string[] = [];
  for await (const data of eventData(inPieces(new TextEncoder().encode(text), sizes)))
    read.push(data);
  return read;
}

test('events are read, however the network cuts them and whichever line end is used', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.string({ unit: 'grapheme' }).map((text) => JSON.stringify(text)),
        {
          maxLength: 5,
        },
      ),
      fc.constantFrom('\n', '\r\n', '\r'),
      fc.array(fc.integer({ min: 1, max: 4 })),
      async (data, end, sizes) => {
        const text = data.map((one) => `: a comment${end}data: ${one}${end}${end}`).join('');
        // A CR at the very end could be half of a CRLF: only a further line shows that it was not.
        expect(await all(`${text}: end${end}`, sizes)).toEqual(data);
      },
    ),
  );
});

test('an event may have several lines, an incomplete event is dropped', async () => {
  expect(await all('event: x\nid: 1\ndata: a\ndata:b\n\ndata: c\n')).toEqual(['a\nb']);
});

test('an event without end is refused', async () => {
  await expect(all(`data: ${'x'.repeat(2_000_000)}`, [1_500_000])).rejects.toThrow(
    'of a streamed answer',
  );
  await expect(all('data: x\n'.repeat(300_000), [1_500_000])).rejects.toThrow(
    'of a streamed answer',
  );
});
