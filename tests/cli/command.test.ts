import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PublicJob } from '@promptq/shared/contracts';
import { startCommand, type CommandRun } from '#support/command.ts';
import { startStack, type Stack } from '#support/stack.ts';
import { streamAnswer, type StreamedAnswer } from '#support/streamed-answer.ts';
import { until } from '#support/until.ts';
import { sendError } from '#support/upstream.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
  await stack.worker();
});
afterAll(() => stack.close());

const start = (args: string[], stdin?: string): CommandRun =>
  startCommand(args, { PROMPTQ_URL: stack.api.url }, stdin);
const run = (args: string[], stdin?: string) => start(args, stdin).ended;

test('submit prints the id, wait the answer, get the job, each as one line of JSON when asked', async () => {
  stack.upstream.answerWith((call) => `you said ${call.body.messages[0]?.content}`);
  const about =
    '--user-id u-1 --priority high --metadata order=42 --metadata q=a=b --max-attempts 2';
  const submitted = await run(['submit', 'chat', 'good morning', ...about.split(' ')]);
  expect(submitted).toMatchObject({ code: 0, stderr: '' });
  expect(submitted.stdout).toMatch(/^chat_[0-9a-f]{32}\n$/);
  const id = submitted.stdout.trim();
  const waited = await run(['wait', id]);
  expect(waited).toEqual({ code: 0, stdout: 'you said good morning\n', stderr: '' });
  const got = await run(['get', id, '--json', '--input']);
  expect(got).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(got.stdout)).toMatchObject({
    id,
    user_id: 'u-1',
    priority: 'high',
    metadata: { order: '42', q: 'a=b' },
    max_attempts: 2,
    input: { message: 'good morning' },
  });
  expect(got.stdout.trimEnd()).not.toContain('\n');
  expect((await run(['get', id])).stdout).toContain('you said good morning');
});

test('the text can come from stdin, and the whole body too', async () => {
  stack.upstream.answerWith((call) => call.body.messages.at(-1)?.content);
  const chat = await run(['submit', 'chat', '--file', '-', '--wait'], 'Grüße\naus stdin');
  expect(chat).toEqual({ code: 0, stdout: 'Grüße\naus stdin\n', stderr: '' });
  const body = { type: 'chat', input: { messages: [{ role: 'user', content: 'x' }] } };
  const whole = await run(['submit', '--json-body', '-', '--wait', '--json'], JSON.stringify(body));
  expect(JSON.parse(whole.stdout)).toMatchObject({ output: { response: 'x' } });
  const tasks = ['--tasks', 'sentiment,summary', '--max-concurrent', '2'];
  const analysis = await run(['submit', 'analysis', '--text', 'calm', ...tasks, '--wait']);
  expect(JSON.parse(analysis.stdout)).toMatchObject({ sentiment: 'calm', summary: 'calm' });
});

test('a job that ended otherwise is exit code 1, and says why', async () => {
  stack.upstream.answerWith((_call, res) => sendError(res, 401, 'invalid_api_key'));
  const failed = await run(['submit', 'chat', 'x', '--wait']);
  expect(failed).toMatchObject({ code: 1, stdout: '' });
  expect(failed.stderr).toContain('failed: upstream_auth');
  const asJson = await run(['submit', 'chat', 'x', '--wait', '--json']);
  expect(asJson).toMatchObject({ code: 1, stderr: '' });
  expect(JSON.parse(asJson.stdout)).toMatchObject({ status: 'failed' });
  const late = (await run(['submit', 'chat', 'x', '--delay-seconds', '3600'])).stdout.trim();
  expect(await run(['wait', late, '--timeout', '1'])).toMatchObject({ code: 5, stdout: '' });
  expect((await run(['cancel', late])).code).toBe(0);
  expect(await run(['wait', late])).toMatchObject({ code: 1 });
  const again = await run(['retry', late]);
  expect(again.stdout).toMatch(/^chat_/);
});

test('watch prints tokens as they come, and begins again when an attempt has failed', async () => {
  const answers: StreamedAnswer[] = [];
  stack.upstream.answerWith((call, res) => {
    answers.push(streamAnswer(res, call.body.model));
    return undefined;
  });
  const watching = start(['submit', 'chat', 'x', '--stream']);
  (await until('the call', () => answers[0])).say('Half an ');
  await until('it is printed', () => watching.stdout === 'Half an ');
  answers[0]?.cut();
  const second = await until('the next call', () => answers[1]);
  second.say('A whole ').say('answer.');
  await until('it is printed', () => watching.stdout === 'Half an \nA whole answer.');
  second.end();
  const ended = await watching.ended;
  expect(ended).toMatchObject({ code: 0, stdout: 'Half an \nA whole answer.\n' });
  expect(ended.stderr).toContain('The answer starts again');
});

test('watch of a job that has ended prints its answer; with --json each event is a line', async () => {
  stack.upstream.answerWith(() => 'done');
  const { id } = await stack.submit({ type: 'chat', input: { message: 'x' } });
  await stack.finished(id);
  expect(await run(['watch', id])).toEqual({ code: 0, stdout: 'done\n', stderr: '' });
  const { stdout } = await run(['watch', id, '--json']);
  const events = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string });
  expect(events.at(-1)).toMatchObject({ type: 'job.completed', data: { id } });
});

test('Ctrl-C says that the job goes on and how to come back; it does go on', async () => {
  stack.upstream.answerWith(() => 'done');
  const job = await stack.submit({ type: 'chat', input: { message: 'x' }, delay_seconds: 3_600 });
  for (const command of ['wait', 'watch']) {
    const waiting = start([command, job.id]);
    await until('it waits', async () => (await waitersOf(job)) > 0);
    waiting.kill('SIGINT');
    const { code, stdout, stderr } = await waiting.ended;
    expect([code, stdout]).toEqual([130, '']);
    expect(stderr).toContain(`promptq ${command} ${job.id}`);
    await until('it has left', async () => (await waitersOf(job)) === 0);
  }
  expect((await stack.get(job.id)).status).toBe('queued');
});

test('submit --wait that is given up says which job goes on', async () => {
  const late = ['submit', 'chat', 'x', '--wait', '--delay-seconds', '3600'];
  const waiting = start(late);
  const job = await until('it waits', async () => {
    const { data } = (await (await stack.request('/v1/jobs?limit=1')).json()) as {
      data: PublicJob[];
    };
    return data[0] && (await waitersOf(data[0])) > 0 ? data[0] : undefined;
  });
  waiting.kill('SIGINT');
  const { code, stderr } = await waiting.ended;
  expect(code).toBe(130);
  expect(stderr).toContain(`promptq cancel ${job.id}`);
  const over = await run([...late, '--timeout', '1']);
  expect(over).toMatchObject({ code: 5, stdout: '' });
  expect(over.stderr).toMatch(/chat_[0-9a-f]{32} has not finished within 1000 ms/);
});

async function waitersOf({ id }: PublicJob): Promise<number> {
  const [, count] = (await stack.redis.pubsub('NUMSUB', stack.keys.wakeUpChannel(id))) as [
    string,
    number,
  ];
  return count;
}

test('audit tail prints the last events, oldest first, and follows new ones', async () => {
  stack.upstream.answerWith((call) => call.body.messages[0]?.content);
  const submit = async (message: string) => {
    const input = { message };
    const { id } = await stack.submit({ type: 'chat', input, user_id: 'tail' });
    await until('its audit event', async () =>
      (await stack.auditEvents()).some(({ job_id }) => job_id === id),
    );
  };
  for (const message of ['one', 'two', 'three']) await submit(message);
  const args = ['audit', 'tail', '--user-id', 'tail', '--json'];
  const repliesIn = (stdout: string) =>
    stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => (JSON.parse(line) as { reply: string }).reply);
  expect(repliesIn((await run([...args, '-n', '2'])).stdout)).toEqual(['two', 'three']);
  const following = start([...args, '-n', '1', '--follow']);
  await until('the last one', () => repliesIn(following.stdout).length === 1);
  for (const message of ['four', 'five']) await submit(message);
  await until('the new ones', () => repliesIn(following.stdout).length === 3);
  following.kill('SIGINT');
  const { code, stdout } = await following.ended;
  expect(code).toBe(130);
  expect(repliesIn(stdout)).toEqual(['three', 'four', 'five']);
  const lines = (await run(args.slice(0, -1))).stdout.trimEnd().split('\n');
  expect(lines).toHaveLength(5);
  expect(lines[0]).toMatch(/job\.completed {2}chat_[0-9a-f]{32} {2}tail .* "one" -> "one"$/);
});

test('a reader that has enough does not make it crash', async () => {
  const following = start(['audit', 'tail', '-n', '1', '--follow', '--json']);
  await until('it has printed', () => following.stdout !== '');
  following.closeStdout();
  const { id } = await stack.submit({ type: 'chat', input: { message: 'one more' } });
  await stack.finished(id);
  expect(await following.ended).toMatchObject({ code: 0, stderr: '' });
});
