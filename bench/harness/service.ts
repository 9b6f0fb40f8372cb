import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { lastLines } from '../../scripts/processes/last-lines.ts';
import type { ProbeCommand, Usage } from '../processes/probe.ts';
import { waitUntil } from './wait-until.ts';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Where a program is: its source (`bench/diy/api.ts`) and its compiled file (`bench/dist/diy/api.js`). */
interface Program {
  dist: string;
  src: string;
  file: string;
}

export interface RunMode {
  /** Run the sources, with types stripped at start. This needs no build. */
  fromSource: boolean;
  /** The folder for CPU profiles of the measured processes, or `null`. */
  profileDir: string | null;
  logDir: string;
}

export interface ServiceOptions {
  name: string;
  program: ProgramName;
  environment: Record<string, string>;
}

/** A measured process. */
export interface Service {
  name: string;
  pid: number;
  usage(): Promise<Usage>;
  /** Starts to watch its memory and its event loop, or starts again. */
  watch(): Promise<void>;
  /** Resolves when `url` answers with status 2xx. */
  waitUntilReady(url: string): Promise<void>;
  stop(): Promise<void>;
}

/** The flags of our images (Dockerfile), for all measured processes, so that no ratio depends on a flag. */
const nodeFlags = ['--max-semi-space-size=16'];
const stopTimeoutMs = 10_000;

const programs = {
  api: { dist: 'packages/api/dist', src: 'packages/api/src', file: 'main' },
  worker: { dist: 'packages/worker/dist', src: 'packages/worker/src', file: 'main' },
  diyApi: { dist: 'bench/dist/diy', src: 'bench/diy', file: 'api' },
  diyWorker: { dist: 'bench/dist/diy', src: 'bench/diy', file: 'worker' },
  probe: { dist: 'bench/dist/processes', src: 'bench/processes', file: 'probe' },
  bareWorker: { dist: 'bench/dist/processes', src: 'bench/processes', file: 'bare-worker' },
  sleepingWorker: { dist: 'bench/dist/processes', src: 'bench/processes', file: 'sleeping-worker' },
  upstream: { dist: 'bench/dist/processes', src: 'bench/processes', file: 'upstream' },
} satisfies Record<string, Program>;
export type ProgramName = keyof typeof programs;

/** Starts a process with the probe loaded into it. Its output goes to a file in `mode.logDir`. */
export function startService(options: ServiceOptions, mode: RunMode): Service {
  const { name, environment } = options;
  const fileOf = (program: ProgramName) => {
    const { dist, src, file } = programs[program];
    return path.join(root, mode.fromSource ? `${src}/${file}.ts` : `${dist}/${file}.js`);
  };
  const logFile = path.join(mode.logDir, `${name}.log`);
  const log = openSync(logFile, 'a');
  const child = spawn(
    process.execPath,
    [
      ...nodeFlags,
      ...(mode.fromSource ? ['-C', '@promptq/source'] : []),
      ...(mode.profileDir === null ? [] : profileFlags(mode.profileDir, name)),
      `--import=${fileOf('probe')}`,
      fileOf(options.program),
    ],
    {
      cwd: root,
      env: { PATH: process.env['PATH'] ?? '', NODE_ENV: 'production', ...environment },
      stdio: ['ignore', log, log, 'ipc'],
    },
  );
  closeSync(log);
  const exited = once(child, 'exit');
  exited.catch(() => undefined);
  let isStopping = false;
  // Without this, a measurement that waits for a dead process would wait until its timeout.
  const crashed = exited.then(async ([code, signal]) => {
    if (isStopping) return await new Promise<never>(() => {});
    const reason = signal === null ? `exit code ${String(code)}` : String(signal);
    throw new Error(
      `${name} ended unexpectedly (${reason}). Its last log lines:\n${await lastLines(logFile)}`,
    );
  });
  crashed.catch(() => undefined);
  const ask = (command: ProbeCommand) => Promise.race([send(child, command), crashed]);
  return {
    name,
    pid: child.pid as number,
    usage: () => ask('usage'),
    watch: async () => void (await ask('watch')),
    waitUntilReady: (url) =>
      Promise.race([waitUntil(`${name} is ready`, () => isOk(url), 25), crashed]),
    stop: async () => {
      isStopping = true;
      if (child.exitCode !== null || child.signalCode !== null) return;
      // The probe calls `process.exit`, which writes the CPU profile. A signal would not.
      if (child.connected) child.send({ command: 'exit' satisfies ProbeCommand });
      const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
      await exited;
      clearTimeout(timer);
    },
  };
}

function profileFlags(dir: string, name: string): string[] {
  return [
    '--cpu-prof',
    `--cpu-prof-dir=${dir}`,
    `--cpu-prof-name=${name}-${Date.now()}.cpuprofile`,
  ];
}

async function send(child: ChildProcess, command: ProbeCommand): Promise<Usage> {
  const answered = once(child, 'message');
  child.send({ command });
  const [usage] = await answered;
  return usage as Usage;
}

async function isOk(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false; // The process does not listen yet. The caller gives up after a minute.
  }
}
