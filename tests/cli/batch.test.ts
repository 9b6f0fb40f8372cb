import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { PromptQ } from '@promptq/client';
import { startCommand, type CommandRun } from '#support/command.ts';
import type { Service } from '#support/processes.ts';
import { startStack, type Stack } from '#support/stack.ts';
import { until } from '#support/until.ts';
import { sendError } from '#support/upstream.ts';

let stack: Stack;
let client: PromptQ;
let folder: string;
let workers: Service[];
beforeAll(async () => {
  stack = await startStack();
  client = new PromptQ({ baseUrl: stack.api.url });
  workers = await Promise.all([stack.worker(), stack.worker()]);
  folder = await mkdtemp(join(tmpdir(), 'promptq-batch-'));
});
afterAll(async () => {
  await stack.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => {
  stack.upstream.answerWith((call) => call.body.messages[0]?.content);
});

const start = (args: string[]): CommandRun =>
  startCommand(['batch', ...args], { PROMPTQ_URL: stack.api.url });
const run = (args: string[]) => start(args).ended;

interface Result {
  custom_id: string;
  status: string;
  output: { response: string } | null;
}
const parseLines = (text: string) =>
  text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Result);

/** Writes a file of chat requests, whose answers say which they are. */
async function requests(name: string, count: number): Promise<string> {
  const line = (n: number) =>
    JSON.stringify({ custom_id: `${name}-${n}`, type: 'chat', input: { message: `${name} ${n}` } });
  const path = join(folder, `${name}.jsonl`);
  await writeFile(path, Array.from({ length: count }, (_, n) => `${line(n)}\n`).join(''));
  return path;
}

function expectAllInOrder(results: Result[], name: string, count: number): void {
  expect(results).toHaveLength(count);
  for (const [n, { custom_id, output }] of results.entries()) {
    expect([custom_id, output?.response]).toEqual([`${name}-${n}`, `${name} ${n}`]);
  }
}

const batchIdIn = (stderr: string) => /\bbatch_\w+/.exec(stderr)?.[0] ?? expect.unreachable(stderr);

test('a file is run to its end through the kill of a worker, with its progress, and all results in input order', async () => {
  const count = 2_000;
  const file = await requests('many', count);
  const output = join(folder, 'many-results.jsonl');
  const running = start(['run', file, '--output', output]);
  await until('half of it is done', () => stack.upstream.calls.length > count / 2);
  await workers[0]?.kill('SIGKILL');
  const { code, stdout, stderr } = await running.ended;
  expect([code, stdout]).toEqual([0, '']);
  expect(stderr).toContain('2,000 requests accepted');
  expect(stderr).toContain('2,000/2,000 100%');
  expect(stderr).toContain(`2,000 results in ${output}`);
  expectAllInOrder(parseLines(await readFile(output, 'utf8')), 'many', count);
  expect(await readdir(folder)).not.toContain('many-results.jsonl.part');
});

test('Ctrl-C leaves the batch running, and the same command goes on with it', async () => {
  const release = Promise.withResolvers<void>();
  stack.upstream.answerWith(async (call) => {
    await release.promise;
    return call.body.messages[0]?.content;
  });
  const file = await requests('resumed', 20);
  const before = stack.upstream.calls.length;
  const first = start(['run', file]);
  await until('it runs', () => stack.upstream.calls.length > before);
  await until('it is known', () => first.stderr.includes('batch_'));
  first.kill('SIGINT');
  const interrupted = await first.ended;
  expect([interrupted.code, interrupted.stdout]).toEqual([130, '']);
  const id = batchIdIn(interrupted.stderr);
  expect(interrupted.stderr).toContain(`promptq batch cancel ${id}`);
  expect(await client.batch.get(id)).toMatchObject({ status: 'in_progress' });

  const second = start(['run', file]);
  await until('it goes on', () => second.stderr.includes('submitted before'));
  release.resolve();
  const resumed = await second.ended;
  expect(resumed.code).toBe(0);
  expect(batchIdIn(resumed.stderr)).toBe(id);
  // Without --output the results are all that is on stdout.
  expectAllInOrder(parseLines(resumed.stdout), 'resumed', 20);
  expect(stack.upstream.calls.length - before).toBe(20);

  const ended = await run(['run', file]);
  expect(parseLines(ended.stdout)).toEqual(parseLines(resumed.stdout));
  const another = await run(['run', file, '--new']);
  expect(another.code).toBe(0);
  expect(batchIdIn(another.stderr)).not.toBe(id);
  expect((await run(['results', id])).stdout).toBe(resumed.stdout);
});

test('lines that are wrong are named by their numbers, and nothing is created', async () => {
  const file = await requests('wrong', 40);
  const lines = (await readFile(file, 'utf8')).split('\n');
  lines[4] = '{"custom_id": ';
  lines[30] = '{"custom_id": "31", "type": "poem", "input": {"message": "x"}}';
  await writeFile(file, lines.join('\n'));
  const calls = stack.upstream.calls.length;
  const { code, stdout, stderr } = await run(['run', file]);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/^ {2}Line 5: /m);
  expect(stderr).toMatch(/^ {2}Line 31: /m);
  expect(stack.upstream.calls.length).toBe(calls);
});

test('an --output that cannot be written is reported before anything is submitted', async () => {
  const file = await requests('nowhere', 2);
  const calls = stack.upstream.calls.length;
  for (const output of [join(folder, 'none', 'results.jsonl'), folder]) {
    const { code, stdout, stderr } = await run(['run', file, '--output', output]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('--output');
    expect(stderr).not.toContain('accepted');
  }
  expect(stack.upstream.calls.length).toBe(calls);
});

test('failed requests are exit code 1, and stand in the counts and in the results', async () => {
  stack.upstream.answerWith((call, res) =>
    call.body.messages[0]?.content === 'some 3'
      ? sendError(res, 400, 'bad')
      : call.body.messages[0]?.content,
  );
  const output = join(folder, 'some-results.jsonl');
  const file = await requests('some', 5);
  const { code, stdout } = await run(['run', file, '--json', '--output', output]);
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    object: 'batch',
    status: 'completed',
    request_counts: { total: 5, completed: 4, failed: 1 },
  });
  expect(stdout.trimEnd()).not.toContain('\n');
  const results = parseLines(await readFile(output, 'utf8'));
  expect(results[3]).toMatchObject({
    custom_id: 'some-3',
    status: 'failed',
    error: { code: 'upstream_invalid_request' },
  });
});

test('a batch is cancelled, and wait writes its results', async () => {
  const release = Promise.withResolvers<void>();
  stack.upstream.answerWith(async () => {
    await release.promise;
    return 'late';
  });
  const requests = Array.from({ length: 300 }, (_, n) => ({
    custom_id: `${n}`,
    type: 'chat' as const,
    input: { message: 'x' },
  }));
  const { id } = await client.batch.submit({ requests, metadata: { of: 'tests' } });
  expect((await run(['cancel', id])).code).toBe(0);
  const { code, stdout } = await run(['wait', id]);
  release.resolve();
  expect(code).toBe(1);
  expect(parseLines(stdout).map(({ custom_id }) => custom_id)).toEqual(
    requests.map(({ custom_id }) => custom_id),
  );
  expect(await client.batch.get(id)).toMatchObject({
    status: 'cancelled',
    metadata: { of: 'tests' },
  });
});
