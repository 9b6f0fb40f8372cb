import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { codeBlocks, repository } from '../support/readme-examples.ts';
import { startStack, type Stack } from '../support/stack.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
  await stack.worker();
});
afterAll(() => stack.close());

test('the example in the README runs as written', async () => {
  stack.upstream.answerWith((call) => `you said ${call.body.messages[0]?.content}`);
  const [example = '', ...others] = await codeBlocks('packages/client/README.md', 'js');
  expect(others).toEqual([]);
  const code = example.replaceAll('http://127.0.0.1:3000', stack.api.url);
  const flags = ['-C', '@promptq/source', '--input-type=module', '--eval', code];
  const cwd = fileURLToPath(repository);
  const { stdout, stderr } = await promisify(execFile)(process.execPath, flags, { cwd });
  expect([stdout.split('\n'), stderr]).toEqual([
    ['completed you said Say hello', 'you said What is a job queue good for?', ''],
    '',
  ]);
});
