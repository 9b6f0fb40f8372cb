import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSseParser, type SseEvent } from './sse-parser.ts';

function parse(chunks: string[]): SseEvent[] {
  const parser = createSseParser();
  return chunks.flatMap((piece) => parser.push(piece));
}

/** A text and its chunks, some of them empty. */
function cut(text: fc.Arbitrary<string>): fc.Arbitrary<{ text: string; chunks: string[] }> {
  return text.chain((whole) =>
    fc.array(fc.nat(whole.length), { maxLength: 12 }).map((cuts) => {
      const at = [0, ...cuts.toSorted((a, b) => a - b), whole.length];
      return { text: whole, chunks: at.slice(1).map((end, index) => whole.slice(at[index], end)) };
    }),
  );
}

const lineText = fc.stringMatching(/^[^\r\n\0]{0,12}$/);
const written = fc.record({
  type: fc.option(fc.stringMatching(/^[a-z][a-z._]{0,9}$/), { nil: undefined }),
  id: fc.option(fc.stringMatching(/^\d{1,4}-\d{1,4}$/), { nil: undefined }),
  data: fc.array(lineText, { minLength: 1, maxLength: 4 }),
  comment: fc.option(lineText, { nil: undefined }),
  space: fc.constantFrom('', ' '),
});

test('all events are read, with any line end and any chunk boundaries', () => {
  const stream = fc.tuple(fc.array(written, { maxLength: 6 }), fc.constantFrom('\n', '\r', '\r\n'));
  fc.assert(
    fc.property(
      stream.chain(([events, end]) => {
        const text = events
          .map(({ type, id, data, comment, space }) => {
            // The format removes one leading space, so a value that starts with a space needs another.
            const gap = data.some((line) => line.startsWith(' ')) ? ' ' : space;
            return [
              ...(comment === undefined ? [] : [`:${comment}`]),
              ...(type === undefined ? [] : [`event:${space}${type}`]),
              ...(id === undefined ? [] : [`id:${space}${id}`]),
              ...data.map((line) => `data:${gap}${line}`),
              '',
              '',
            ].join(end);
          })
          .join('');
        return fc.record({ events: fc.constant(events), stream: cut(fc.constant(text)) });
      }),
      ({ events, stream: { chunks } }) => {
        let lastEventId = '';
        const expected = events.map(({ type = 'message', id, data }) => {
          lastEventId = id ?? lastEventId;
          return { type, data: data.join('\n'), lastEventId };
        });
        expect(parse(chunks)).toEqual(expected);
      },
    ),
    { numRuns: 500 },
  );
});

test('the chunk boundaries never change the result', () => {
  const piece = fc.constantFrom('\r', '\n', '\r\n', ':', ' ', 'data', 'id', 'event', 'x', '\uFEFF');
  const text = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(''));
  fc.assert(
    fc.property(cut(text), ({ text: whole, chunks }) => {
      expect(parse(chunks)).toEqual(parse([whole]));
      expect(parse(whole.split(''))).toEqual(parse([whole]));
    }),
    { numRuns: 2_000 },
  );
});

test.each<[string, string, Partial<SseEvent>[]]>([
  ['several data lines are one event', 'data: YHOO\ndata: +2\n\n', [{ data: 'YHOO\n+2' }]],
  [
    'an id stays until the next one',
    'id: 1\ndata: a\n\ndata: b\n\n',
    [{ lastEventId: '1' }, { lastEventId: '1' }],
  ],
  [
    'an empty id resets it',
    'id: 1\ndata: a\n\nid\ndata: b\n\n',
    [{ lastEventId: '1' }, { lastEventId: '' }],
  ],
  ['an id with NUL is ignored', 'id: a\0b\ndata: a\n\n', [{ lastEventId: '' }]],
  [
    'data without a value is an empty line',
    'data\n\ndata\ndata\n\n',
    [{ data: '' }, { data: '\n' }],
  ],
  [
    'an event without data is skipped, with its type',
    'event: x\n\ndata: a\n\n',
    [{ type: 'message' }],
  ],
  ['only one leading space is removed', 'data:  a\n\n', [{ data: ' a' }]],
  ['comments and unknown fields are skipped', ': ping\nfoo: bar\n\ndata: a\n\n', [{ data: 'a' }]],
  ['an incomplete event at the end is skipped', 'data: a\n\ndata: b\n', [{ data: 'a' }]],
  ['a byte order mark is skipped', '\uFEFFdata: a\n\n', [{ data: 'a' }]],
])('%s', (_name, text, expected) => {
  expect(parse([text])).toMatchObject(expected);
  expect(parse([text])).toHaveLength(expected.length);
});

test('retry is reported if it is a number of milliseconds', () => {
  const parser = createSseParser();
  parser.push('retry: soon\n\n');
  expect(parser.reconnectMs()).toBe(null);
  parser.push('retry: 1500\n\n');
  expect(parser.reconnectMs()).toBe(1_500);
});

test.each([
  ['a line of data', 'data: x', 'x'],
  ['a line that is not a field', 'x', 'x'],
  ['an event of many lines', '', 'data: xyz\n'],
])('%s without an end does not fill the memory', (_name, start, piece) => {
  const parser = createSseParser();
  const chunk = piece.repeat((1024 * 1024) / piece.length);
  const pushAll = () => {
    parser.push(start);
    for (let sent = 0; sent < 100; sent += 1) parser.push(chunk);
  };
  expect(pushAll).toThrow(expect.objectContaining({ code: 'unexpected_answer' }));
});
