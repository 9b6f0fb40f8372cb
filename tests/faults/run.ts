import { appendFile } from 'node:fs/promises';
import { whyNoServer } from './environment/redis.ts';
import { help, readOptions, type Options } from './options.ts';
import { seeded } from './random.ts';
import { messageOf } from '#scripts/redis/ping.ts';
import { toTable, type Report } from './report.ts';
import type { Row } from './row.ts';
import { lanesOf } from './lanes.ts';

/** Runs the rows of each lane in turn, the lanes side by side, and reports each row when it has ended. */
async function runAll(options: Options): Promise<Report[]> {
  const reports: Report[] = [];
  const runLane = async (lane: Row[]) => {
    for (const row of lane) {
      const report = await runRow(row, options);
      const line = `${JSON.stringify(report)}\n`;
      process.stdout.write(line);
      if (options.json !== null) await appendFile(options.json, line);
      reports.push(report);
    }
  };
  await Promise.all(lanesOf(options).map(runLane));
  return reports.toSorted((a, b) => a.row - b.row);
}

async function runRow(row: Row, { seed, minutes, isShort }: Options): Promise<Report> {
  const startedAt = performance.now();
  const say = (line: string) => process.stderr.write(`row ${row.number}: ${line}\n`);
  // Each row has a stream of its own, so that it does the same whichever rows run beside it.
  const random = seeded(seed * 100 + row.number);
  const about = { row: row.number, name: row.name, seed };
  const seconds = () => Math.round((performance.now() - startedAt) / 1_000);
  try {
    const { figures, violations } = await row.run({ seed, random, isShort, minutes, say });
    const passed = violations.length === 0;
    return { ...about, passed, seconds: seconds(), figures, violations };
  } catch (error) {
    const violations = [`the row itself broke: ${messageOf(error)}`];
    return { ...about, passed: false, seconds: seconds(), figures: {}, violations };
  }
}

let options: Options | null;
try {
  options = readOptions(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n\n${help}`);
  process.exit(2);
}
if (options === null) {
  process.stdout.write(help);
  process.exit(0);
}
// Ends through `exit`, where the processes of the rows are ended too.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
const noServer = await whyNoServer();
if (noServer !== null) {
  // Part of `pnpm test` on any machine; a run that was asked for by itself must not pass without having run.
  process.stderr.write(`${options.isShort ? 'SKIPPED' : 'not run'}: ${noServer}\n`);
  process.exit(options.isShort ? 0 : 2);
}
process.stderr.write(`seed ${options.seed}\n`);
const reports = await runAll(options);
process.stdout.write(`\n${toTable(reports)}\n`);
process.exit(reports.every(({ passed }) => passed) ? 0 : 1);
