import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { compileCache } from './compile-cache.ts';

const main = fileURLToPath(new URL('../../packages/cli/src/main.ts', import.meta.url));

export interface CommandRun {
  /** What it has written so far. */
  stdout: string;
  stderr: string;
  kill(signal: NodeJS.Signals): void;
  /** Closes the reading end of its stdout, as `head` does. */
  closeStdout(): void;
  ended: Promise<{ code: number | null; stdout: string; stderr: string }>;
}

/** Starts `promptq` in a process of its own, with nothing but this environment. */
export function startCommand(
  args: string[],
  environment: Record<string, string>,
  stdin = '',
): CommandRun {
  const child = spawn(process.execPath, ['-C', '@promptq/source', main, ...args], {
    env: { PATH: process.env['PATH'] ?? '', ...compileCache, ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.on('error', () => undefined); // It need not read what it is given.
  child.stdin.end(stdin);
  const run: CommandRun = {
    stdout: '',
    stderr: '',
    kill: (signal) => child.kill(signal),
    closeStdout: () => child.stdout.destroy(),
    ended: new Promise((resolve) => {
      child.once('close', (code) => resolve({ code, stdout: run.stdout, stderr: run.stderr }));
    }),
  };
  child.stdout.on('data', (chunk: Buffer) => (run.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (run.stderr += chunk.toString()));
  return run;
}
