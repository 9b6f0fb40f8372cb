/** `pnpm bench`: compares promptq with a hand-written service of the same parts. See bench/README.md. */
import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { messageOf } from '../scripts/redis/ping.ts';
import { bench, rowNames } from './bench.ts';
import { helpText, readOptions, type Options } from './options.ts';
import { summarize, toTable } from './report/table.ts';

/** @returns the exit code */
async function main(options: Options): Promise<number> {
  const profileDir = options.profileDir === null ? null : path.resolve(options.profileDir);
  if (profileDir !== null) await mkdir(profileDir, { recursive: true });
  if (options.json !== null) await checkWritable(options.json);
  const startedAt = performance.now();
  const seconds = () => Math.round((performance.now() - startedAt) / 1_000);
  const log = (line: string) => process.stderr.write(`${seconds()} s: ${line}\n`);
  const report = await bench({ ...options, profileDir }, log);
  const { cpu, cores, memoryGb, system, loadBefore } = report.machine;
  const versions = Object.entries(report.versions).map(([name, version]) => `${name} ${version}`);
  process.stdout.write(
    [
      '',
      toTable(report.rows),
      '',
      summarize(report.rows),
      `${cores} x ${cpu}, ${memoryGb} GB, ${system}, load average before the run ${loadBefore}; ${seconds()} s`,
      versions.join(', '),
      '',
    ].join('\n'),
  );
  if (options.json !== null) {
    await writeFile(options.json, `${JSON.stringify(report, null, 2)}\n`);
  }
  return options.mustHold && report.rows.some(({ held }) => !held) ? 1 : 0;
}

/** Finds a path that cannot be written before minutes of measuring, not after them. */
async function checkWritable(file: string): Promise<void> {
  try {
    await appendFile(file, '');
  } catch (error) {
    throw new Error(`--json: ${file} cannot be written: ${messageOf(error)}`, { cause: error });
  }
}

let options: Options | null;
try {
  options = readOptions(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n\n${helpText(rowNames)}`);
  process.exit(2);
}
if (options === null) {
  process.stdout.write(helpText(rowNames));
  process.exit(0);
}
// Redis and the measured processes end with this process, however it ends.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
try {
  process.exit(await main(options));
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exit(2);
}
