import { readFile } from 'node:fs/promises';

/** The last lines of a log file, indented, for the error message when its process has ended. */
export async function lastLines(file: string, count = 15): Promise<string> {
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n').slice(-count);
  return lines.map((line) => `    ${line}`).join('\n');
}
