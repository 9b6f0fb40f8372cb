import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSseParser, type SseEvent } from './sse-parser.ts';

function parse(parts: string[]): SseEvent[] {
  const parser = createSseParser();
  return parts.flatMap((part) => parser.push(part));
}

/** A text and one way to cut it, empty parts included. */
function cut(text: fc.Arbitrary<string>): fc.Arbitrary<{ text: string; parts: string[] }> {
  return text.chain((whole) =>
    fc.array(fc.nat(whole.length), { maxLength: 12 }).map((cuts) => {
      const at = [0, ...cuts.toSorted((a, b) => a - b), whole.length];
      return { text: whole, parts: at.slice(1).map((end, index) => whole.slice(at[index], end)) };
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

test('what was written is read, whatever the line ends and wherever the network cuts', () => {
  const stream = fc.tuple(fc.array(written, { maxLength: 6 }), fc.constantFrom('\n', '\r', '\r\n'));
  fc.assert(
    fc.property(
      stream.chain(([events, end]) => {
        const text = events
          .map(({ type, id, data, comment, space }) => {
            // Without a space a value that begins with one would lose it: that is the format.
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
      ({ events, stream: { parts } }) => {
        let lastEventId = '';
        const expected = events.map(({ type = 'message', id, data }) => {
          lastEventId = id ?? lastEventId;
          return { type, data: data.join('\n'), lastEventId };
        });
        expect(parse(parts)).toEqual(expected);
      },
    ),
    { numRuns: 500 },
  );
});

test('any text means the same however it is cut', () => {
  const piece = fc.constantFrom('\r', '\n', '\r\n', ':', ' ', 'data', 'id', 'event', 'x', '\uFEFF');
  const text = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(''));
  fc.assert(
    fc.property(cut(text), ({ text: whole, parts }) => {
      expect(parse(parts)).toEqual(parse([whole]));
      expect(parse(whole.split(''))).toEqual(parse([whole]));
    }),
    { numRuns: 2_000 },
  );
});

test.each<[string, string, Partial<SseEvent>[]]>([
  ['several data lines are one event', 'data: YHOO\ndata: +2\n\n', [{ data: 'YHOO\n+2' }]],
  [
    'an id stays until there is another',
    'id: 1\ndata: a\n\ndata: b\n\n',
    [{ lastEventId: '1' }, { lastEventId: '1' }],
  ],
  [
    'an empty id takes it back',
    'id: 1\ndata: a\n\nid\ndata: b\n\n',
    [{ lastEventId: '1' }, { lastEventId: '' }],
  ],
  ['an id with NUL is none', 'id: a\0b\ndata: a\n\n', [{ lastEventId: '' }]],
  [
    'data without a value is an empty line',
    'data\n\ndata\ndata\n\n',
    [{ data: '' }, { data: '\n' }],
  ],
  [
    'an event without data is none, and its type is forgotten',
    'event: x\n\ndata: a\n\n',
    [{ type: 'message' }],
  ],
  ['only one space is taken away', 'data:  a\n\n', [{ data: ' a' }]],
  [
    'comments and unknown fields are passed over',
    ': ping\nfoo: bar\n\ndata: a\n\n',
    [{ data: 'a' }],
  ],
  ['what the end cuts off is no event', 'data: a\n\ndata: b\n', [{ data: 'a' }]],
  ['a byte order mark is passed over', '\uFEFFdata: a\n\n', [{ data: 'a' }]],
])('%s', (_name, text, expected) => {
  expect(parse([text])).toMatchObject(expected);
  expect(parse([text])).toHaveLength(expected.length);
});

test('retry is told when it is a number of milliseconds', () => {
  const parser = createSseParser();
  parser.push('retry: soon\n\n');
  expect(parser.reconnectMs()).toBe(null);
  parser.push('retry: 1500\n\n');
  expect(parser.reconnectMs()).toBe(1_500);
});

test('a stream that never ends its line does not fill the memory', () => {
  const parser = createSseParser();
  const part = 'x'.repeat(1024 * 1024);
  expect(() => {
    for (let sent = 0; sent < 100; sent += 1) parser.push(part);
  }).toThrow(RangeError);
});
