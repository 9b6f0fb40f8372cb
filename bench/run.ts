/** `pnpm bench`: promptq beside a hand-written service of the same parts. See bench/README.md. */
import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { messageOf } from '../scripts/redis/ping.ts';
import { bench, rowNames } from './bench.ts';
import { help, readOptions, type Options } from './options.ts';
import { toTable } from './report/table.ts';

async function main(options: Options): Promise<number> {
  const profileDir = options.profileDir === null ? null : path.resolve(options.profileDir);
  if (profileDir !== null) await mkdir(profileDir, { recursive: true });
  // A place that cannot be written to is found before the minutes of measuring, not after them.
  if (options.json !== null) await appendFile(options.json, '');
  const startedAt = performance.now();
  const seconds = () => Math.round((performance.now() - startedAt) / 1_000);
  const say = (line: string) => process.stderr.write(`${seconds()} s: ${line}\n`);
  const report = await bench({ ...options, profileDir }, say);
  const { cpu, cores, memoryGb, system, loadBefore } = report.machine;
  const versions = Object.entries(report.versions).map(([name, version]) => `${name} ${version}`);
  process.stdout.write(
    [
      '',
      toTable(report.rows),
      '',
      `${cores} x ${cpu}, ${memoryGb} GB, ${system}, load before ${loadBefore}; ${seconds()} s`,
      versions.join(', '),
      '',
    ].join('\n'),
  );
  if (options.json !== null) {
    await writeFile(options.json, `${JSON.stringify(report, null, 2)}\n`);
  }
  return options.mustHold && report.rows.some(({ held }) => held !== true) ? 1 : 0;
}

let options: Options | null;
try {
  options = readOptions(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n\n${help(rowNames)}`);
  process.exit(2);
}
if (options === null) {
  process.stdout.write(help(rowNames));
  process.exit(0);
}
// Measured processes and Redis end when this process does, however it ends.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
try {
  process.exit(await main(options));
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exit(2);
}
