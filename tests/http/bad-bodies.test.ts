import { afterAll, beforeAll, expect, test } from 'vitest';
import { chatBody, post, problemOf } from '#support/problem.ts';
import { startStack, type Stack } from '#support/stack.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.close());

const nested = (depth: number) => '{"a":'.repeat(depth) + '1' + '}'.repeat(depth);

/** name, body, where the fault is (or null where the whole body is faulty) */
const invalidBodies: [string, string, string][] = [
  ['an array', '[]', ''],
  ['a string', '"chat"', ''],
  ['null', 'null', ''],
  ['no type', '{}', '/type'],
  ['an unknown type', '{"type":"poem","input":{}}', '/type'],
  ['no input', '{"type":"chat"}', '/input'],
  ['an unknown member', chatBody({ message: 'x' }, { timeout: 5 }), '/timeout'],
  ['an unknown member of input', chatBody({ message: 'x', tempreature: 1 }), '/input/tempreature'],
  ['a wrong type', chatBody({ message: 5 }), '/input/message'],
  ['an empty message', chatBody({ message: '' }), '/input/message'],
  ['neither message nor messages', chatBody({}), '/input'],
  [
    'message and messages',
    chatBody({ message: 'x', messages: [{ role: 'user', content: 'y' }] }),
    '/input',
  ],
  [
    'an unknown role',
    chatBody({ messages: [{ role: 'cat', content: 'y' }] }),
    '/input/messages/0/role',
  ],
  ['a temperature of 3', chatBody({ message: 'x', temperature: 3 }), '/input/temperature'],
  ['NUL', chatBody({ message: 'a\0b' }), '/input/message'],
  ['a lone surrogate', chatBody({ message: 'a\ud800b' }), '/input/message'],
  [
    'a lone surrogate in a name',
    '{"type":"chat","input":{"message":"x"},"metadata":{"\\ud800":"x"}}',
    '/metadata/\ufffd',
  ],
  ['__proto__', '{"type":"chat","input":{"message":"x","__proto__":{"a":1}}}', '/input/__proto__'],
  [
    '__proto__ at the top',
    '{"__proto__":{"type":"chat"},"type":"chat","input":{"message":"x"}}',
    '/__proto__',
  ],
  [
    'metadata of 17 keys',
    chatBody(
      { message: 'x' },
      { metadata: Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`k${n}`, ''])) },
    ),
    '/metadata',
  ],
  [
    'a metadata value of 513 characters',
    chatBody({ message: 'x' }, { metadata: { a: 'x'.repeat(513) } }),
    '/metadata/a',
  ],
  ['an empty text', '{"type":"analysis","input":{"text":""}}', '/input/text'],
  ['an empty text in texts', '{"type":"analysis","input":{"texts":["a",""]}}', '/input/texts/1'],
  ['no texts', '{"type":"analysis","input":{"texts":[]}}', '/input/texts'],
  [
    '1,001 texts',
    JSON.stringify({
      type: 'analysis',
      input: { texts: Array.from({ length: 1_001 }, () => 'x') },
    }),
    '/input/texts',
  ],
  [
    'an unknown task',
    '{"type":"analysis","input":{"text":"x","tasks":["rhyme"]}}',
    '/input/tasks/0',
  ],
  [
    'a task twice',
    '{"type":"analysis","input":{"text":"x","tasks":["topics","topics"]}}',
    '/input/tasks',
  ],
  [
    'max_concurrent of 51',
    '{"type":"analysis","input":{"text":"x","max_concurrent":51}}',
    '/input/max_concurrent',
  ],
  ...[
    ['priority', 'urgent'],
    ['delay_seconds', -1],
    ['delay_seconds', 604_801],
    ['delay_seconds', 0.5],
    ['start_within_seconds', 0],
    ['timeout_seconds', 0],
    ['timeout_seconds', 7_201],
    ['timeout_seconds', '5'],
    ['max_attempts', 0],
    ['max_attempts', 11],
  ].map(([member, value]): [string, string, string] => [
    `${member} of ${JSON.stringify(value)}`,
    chatBody({ message: 'x' }, { [member as string]: value }),
    `/${member}`,
  ]),
  [
    'webhook, which does not work yet',
    chatBody({ message: 'x' }, { webhook: { url: 'https://a.example' } }),
    '/webhook',
  ],
];

test.each(invalidBodies)('%s is refused with a pointer to it', async (_name, body, pointer) => {
  const response = await post(stack, body);
  expect(response.status).toBe(400);
  const problem = await problemOf(response);
  expect(problem).toMatchObject({
    type: 'urn:promptq:problem:invalid_request',
    code: 'invalid_request',
    status: 400,
    request_id: response.headers.get('x-request-id'),
    error: { type: 'invalid_request_error', code: 'invalid_request', message: problem.detail },
  });
  expect(problem.errors.map((fault) => fault.pointer)).toContain(pointer);
  expect(problem.error.param).toBe(pointer === '' ? null : pointer.slice(1).replaceAll('/', '.'));
});

test('depth 10,000 is refused, in a place that takes any JSON too', async () => {
  expect((await post(stack, nested(10_000))).status).toBe(400);
  const format = `{"type":"json_schema","json_schema":{"name":"n","schema":${nested(10_000)}}}`;
  const response = await post(
    stack,
    `{"type":"chat","input":{"message":"x","response_format":${format}}}`,
  );
  expect(response.status).toBe(400);
  expect((await problemOf(response)).detail).toContain('Nested deeper');
});

test.each([
  ['not JSON', '{"type":'],
  ['two documents', '{} {}'],
  ['NaN', '{"type":NaN}'],
])('%s is malformed', async (_name, body) => {
  const response = await post(stack, body);
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ code: 'malformed_json' });
});
