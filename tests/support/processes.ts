import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { compileCache } from './compile-cache.ts';
import { until } from './until.ts';

type LogLine = { msg: string; level: number } & Record<string, unknown>;

export interface Service {
  pid: number;
  /** The JSON lines of its log so far. */
  log: LogLine[];
  /** What it wrote that is no JSON line. */
  text: string[];
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  kill(signal: NodeJS.Signals): Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const running = new Set<ChildProcess>();
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')));

/** Runs a TypeScript file of the project in a real process of its own, with nothing but this environment. */
export function startProcess(file: string, environment: Record<string, string>): Service {
  const child = spawn(process.execPath, ['-C', '@promptq/source', file], {
    cwd: root,
    env: { PATH: process.env['PATH'] ?? '', ...compileCache, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  const log: LogLine[] = [];
  const text: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      const parsed = parseLine(line);
      if (parsed) log.push(parsed);
      else text.push(line);
    });
  }
  const exited = new Promise<Awaited<Service['exited']>>((resolve) => {
    child.once('close', (code, signal) => {
      running.delete(child);
      resolve({ code, signal });
    });
  });
  return {
    pid: child.pid as number,
    log,
    text,
    exited,
    kill: (signal) => {
      child.kill(signal);
      return exited;
    },
  };
}

/** A JSON line, or `null` for other text; a process that is killed can leave half a line. */
function parseLine(line: string): LogLine | null {
  if (!line.startsWith('{')) return null;
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return null;
  }
}

async function untilReady(service: Service, file: string): Promise<LogLine> {
  let end: string | null = null;
  void service.exited.then(({ code }) => (end = `${file} ended with ${code}`));
  return until(`${file} is ready`, () => {
    if (end) throw new Error([end, ...service.text, JSON.stringify(service.log)].join('\n'));
    return service.log.find(({ msg }) => msg === 'ready');
  });
}

export async function startApi(
  environment: Record<string, string>,
  file = 'packages/api/src/main.ts',
): Promise<Service & { url: string }> {
  const api = startProcess(file, { PORT: '0', ...environment });
  const { port } = await untilReady(api, 'the API');
  return { ...api, url: `http://127.0.0.1:${String(port)}` };
}

export async function startWorker(
  environment: Record<string, string>,
  file = 'packages/worker/src/main.ts',
): Promise<Service> {
  const worker = startProcess(file, environment);
  await untilReady(worker, 'the worker');
  return worker;
}
