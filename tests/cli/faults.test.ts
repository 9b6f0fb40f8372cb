import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startCommand } from '#support/command.ts';
import { startLocalServer } from '#support/local-server.ts';
import { sendJson } from '#support/upstream.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'promptq-command-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A port that nothing listens on is not needed: these are refused before anything is asked. */
const run = (args: string[], url = 'http://127.0.0.1:1', stdin = '') =>
  startCommand(args, { PROMPTQ_URL: url }, stdin).ended;

test.each<[string[], string]>([
  [[], 'Usage:'],
  [['frobnicate'], 'frobnicate'],
  [['get'], "'id'"],
  [['get', 'x', 'y'], 'too many'],
  [['get', 'x', '--colour'], '--colour'],
  [['get', 'x', '--retries', '-1'], '--retries'],
  [['submit', 'chat'], '--text'],
  [['submit', 'chat', 'a', '--text', 'b'], 'once'],
  [['submit', 'poem', 'x'], 'chat or analysis'],
  [['submit', 'chat', 'x', '--tasks', 'summary'], '--tasks'],
  [['submit', 'analysis', 'x', '--stream'], '--stream'],
  [['submit', 'analysis', 'x', '--max-tokens', '5'], '--max-tokens'],
  [['submit', 'chat', 'x', '--temperature', 'hot'], '--temperature'],
  [['submit', 'chat', 'x', '--max-attempts', '11'], '1 to 10'],
  [['submit', 'chat', 'x', '--priority', 'urgent'], 'high, normal, low'],
  [['submit', 'chat', 'x', '--metadata', 'order'], 'key=value'],
  [['submit', 'chat', 'x', '--webhook-output'], '--webhook'],
  [['submit', 'chat', '--file', 'no-such-file'], 'no such file'],
  [['submit', '--json-body', 'no-such-file'], 'no such file'],
  [['submit', 'chat', '--json-body', '-'], 'Do not give them again'],
  [['get', 'x', '--url', 'localhost:3000'], 'PROMPTQ_URL'],
  [['batch'], 'Usage:'],
  [['batch', 'run', 'no-such-file'], 'no such file'],
  [['batch', 'run', 'x', '--new', '--idempotency-key', 'k'], 'cannot be combined'],
  [['audit', 'tail', '-n', 'all'], '--lines'],
])('%j is refused with exit code 2 and says %j', async (args, said) => {
  const { code, stdout, stderr } = await run(args);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toContain(said);
  expect(stderr).not.toContain('    at ');
});

test('a body that is no JSON is named, and so is an empty file', async () => {
  const body = await run(['submit', '--json-body', '-'], undefined, '{"type":');
  expect([body.code, body.stderr.includes('--json-body is not JSON')]).toEqual([2, true]);
  const empty = join(folder, 'empty.jsonl');
  await writeFile(empty, '');
  expect(await run(['batch', 'run', empty])).toMatchObject({ code: 2, stdout: '' });
});

test('every command has a help on stdout, with the exit codes', async () => {
  const commands = [
    '',
    'submit',
    'get',
    'wait',
    'watch',
    'cancel',
    'retry',
    'batch run',
    'batch wait',
  ];
  for (const command of [...commands, 'batch get', 'batch results', 'batch cancel', 'audit tail']) {
    const { code, stdout, stderr } = await run([...command.split(' ').filter(Boolean), '--help']);
    expect([code, stderr], command).toEqual([0, '']);
    expect(stdout, command).toContain('Exit codes:');
    expect(stdout, command).toMatch(/Usage: promptq/);
  }
});

test('an API that is not there is exit code 3, with its address and what to look at', async () => {
  const away = await run(['get', 'chat_1', '--retries', '1']);
  expect([away.code, away.stdout]).toEqual([3, '']);
  expect(away.stderr).toContain('Retrying in');
  expect(away.stderr).toContain('http://127.0.0.1:1');
  expect(away.stderr).toContain('PROMPTQ_URL');
  const asJson = await run(['get', 'chat_1', '--retries', '0', '--json']);
  expect([asJson.code, asJson.stdout]).toEqual([3, '']);
  expect(JSON.parse(asJson.stderr)).toMatchObject({ error: { code: 'unreachable', status: null } });
});

test.each([
  [401, 'unauthorized', 4],
  [403, 'forbidden', 4],
  [400, 'invalid_request', 2],
  [404, 'not_found', 2],
  [409, 'job_not_retryable', 2],
  [422, 'idempotency_key_reused', 2],
  [429, 'rate_limited', 3],
  [500, 'internal_error', 3],
  [503, 'redis_unavailable', 3],
])('%d %s is exit code %d', async (status, code, exitCode) => {
  const errors = [
    { pointer: '/max_attempts', detail: 'Too big.' },
    { pointer: '/input/model', detail: 'Too long.' },
  ];
  const server = await startLocalServer([
    (res) => sendJson(res, status, { code, detail: 'As told.', errors }, { 'x-request-id': 'r-7' }),
  ]);
  const ended = await run(['get', 'chat_1', '--retries', '0'], server.url);
  await server.close();
  expect([ended.code, ended.stdout]).toEqual([exitCode, '']);
  expect(ended.stderr).toContain(`As told. [${status} ${code}]`);
  expect(ended.stderr).toContain('--max-attempts, /max_attempts: Too big.');
  expect(ended.stderr).toContain('--model, /input/model: Too long.');
  expect(ended.stderr.includes('r-7')).toBe(status >= 500);
});

test('the key comes from the environment, the flag goes before it, and neither is printed', async () => {
  const server = await startLocalServer([
    (res) => sendJson(res, 401, { code: 'unauthorized', detail: 'No.', errors: [] }),
  ]);
  const environment = { PROMPTQ_URL: server.url, PROMPTQ_API_KEY: 'pq_environment' };
  const first = await startCommand(['get', 'x'], environment).ended;
  const second = await startCommand(['get', 'x', '--api-key', 'pq_flag'], environment).ended;
  const help = await startCommand(['get', '--help'], environment).ended;
  await server.close();
  expect(server.calls.map(({ headers }) => headers.authorization)).toEqual([
    'Bearer pq_environment',
    'Bearer pq_flag',
  ]);
  for (const { stdout, stderr } of [first, second, help])
    expect(stdout + stderr).not.toMatch(/pq_(environment|flag)/);
});
