import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { lastLines } from '../../scripts/processes/last-lines.ts';
import type { Figures, Order } from '../processes/probe.ts';
import { until } from './until.ts';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** A program and where it is: from its source (`bench/diy/api.ts`), or compiled (`bench/dist/diy/api.js`). */
interface Program {
  /** The folder with the compiled files and, seen from it, the one with the sources. */
  dist: string;
  src: string;
  file: string;
}

export interface HowToRun {
  /** From the sources, with types stripped at start: for a try without a build. */
  fromSource: boolean;
  /** Where CPU profiles of the measured processes go, or `null`. */
  profileDir: string | null;
  logDir: string;
}

/** A process that is measured. */
export interface Service {
  name: string;
  pid: number;
  figures(): Promise<Figures>;
  /** Watches its memory and its event loop from now on. */
  watch(): Promise<void>;
  /** Resolves when `url` answers 200. */
  untilReady(url: string): Promise<void>;
  stop(): Promise<void>;
}

/** The flags of our images (Dockerfile), for every measured process alike: no ratio rests on a flag. */
const nodeFlags = ['--max-semi-space-size=16'];
const stopWithinMs = 10_000;

const programs = {
  api: { dist: 'packages/api/dist', src: 'packages/api/src', file: 'main' },
  worker: { dist: 'packages/worker/dist', src: 'packages/worker/src', file: 'main' },
  diyApi: { dist: 'bench/dist/diy', src: 'bench/diy', file: 'api' },
  diyWorker: { dist: 'bench/dist/diy', src: 'bench/diy', file: 'worker' },
  probe: { dist: 'bench/dist/processes', src: 'bench/processes', file: 'probe' },
  noSettlement: { dist: 'bench/dist/processes', src: 'bench/processes', file: 'no-settlement' },
  noFairShare: { dist: 'bench/dist/processes', src: 'bench/processes', file: 'no-fair-share' },
  sleepingWorker: { dist: 'bench/dist/processes', src: 'bench/processes', file: 'sleeping-worker' },
  upstream: { dist: 'bench/dist/processes', src: 'bench/processes', file: 'upstream' },
} satisfies Record<string, Program>;
export type ProgramName = keyof typeof programs;

/** @param options.preload programs that are loaded before it */
export function startService(
  options: {
    name: string;
    program: ProgramName;
    preload?: ProgramName[];
    environment: Record<string, string>;
  },
  how: HowToRun,
): Service {
  const { name, environment } = options;
  const fileOf = (program: ProgramName) => {
    const { dist, src, file } = programs[program];
    return path.join(root, how.fromSource ? `${src}/${file}.ts` : `${dist}/${file}.js`);
  };
  const preload: ProgramName[] = ['probe', ...(options.preload ?? [])];
  const logFile = path.join(how.logDir, `${name}.log`);
  const log = openSync(logFile, 'a');
  const child = spawn(
    process.execPath,
    [
      ...nodeFlags,
      ...(how.fromSource ? ['-C', '@promptq/source'] : []),
      ...(how.profileDir === null ? [] : profileFlags(how.profileDir, name)),
      ...preload.map((program) => `--import=${fileOf(program)}`),
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
  let told = false;
  // A measurement that waits for this process would wait in vain.
  const diedAlone = exited.then(async ([code, signal]) => {
    if (told) return await new Promise<never>(() => {});
    const how = String(code ?? signal);
    throw new Error(`${name} ended (${how}). Its last log lines:\n${await lastLines(logFile)}`);
  });
  diedAlone.catch(() => undefined);
  const ask = (order: Order) => Promise.race([answer(child, order), diedAlone]);
  return {
    name,
    pid: child.pid as number,
    figures: () => ask('figures'),
    watch: async () => void (await ask('watch')),
    untilReady: (url) => Promise.race([until(`${name} is ready`, () => isOk(url), 25), diedAlone]),
    stop: async () => {
      told = true;
      if (child.exitCode !== null || child.signalCode !== null) return;
      // Through `exit`, where a CPU profile is written.
      if (child.connected) child.send({ order: 'end' satisfies Order });
      const timer = setTimeout(() => child.kill('SIGKILL'), stopWithinMs);
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

async function answer(child: ChildProcess, order: Order): Promise<Figures> {
  const answered = once(child, 'message');
  child.send({ order });
  const [figures] = await answered;
  return figures as Figures;
}

async function isOk(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false; // It does not listen yet; the caller gives up after a minute.
  }
}
