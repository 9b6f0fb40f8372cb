import { access, constants, open, rename, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BadInput } from '../bad-input.ts';
import type { Context } from '../context.ts';
import { cannotWrite } from '../read-text.ts';

/** As many lines are written at once. */
const linesAtOnce = 500;

/** Finds out before hours were spent on it that a file cannot be written there. @throws {BadInput} */
export async function requireWritable(path: string): Promise<void> {
  try {
    await access(dirname(path), constants.W_OK);
  } catch (cause) {
    throw cannotWrite(path, '--output', cause);
  }
  const there = await stat(path).catch(() => null);
  if (there?.isDirectory() === true) throw new BadInput(`--output ${path} is a directory.`);
}

/**
 * Writes the results of a batch to stdout, or to a file that is there when it is whole: until then it is called
 * `<path>.part`. Returns how many there were.
 */
export async function writeResults(
  id: string,
  path: string | undefined,
  { client, out, signal }: Context,
): Promise<number> {
  const results = client.batch.results(id, { signal });
  if (path === undefined) return writeLines(results, (text) => out.write(text));
  const part = `${path}.part`;
  const file = await open(part, 'w').catch((cause: unknown) => {
    throw cannotWrite(part, '--output', cause);
  });
  try {
    const lines = await writeLines(results, async (text) => {
      await file.write(text);
    });
    await file.sync();
    await file.close();
    await rename(part, path);
    return lines;
  } catch (error) {
    await file.close().catch(() => undefined);
    await unlink(part).catch(() => undefined);
    throw error;
  }
}

async function writeLines(
  results: AsyncIterable<unknown>,
  write: (text: string) => Promise<void>,
): Promise<number> {
  let lines = 0;
  let waiting: string[] = [];
  for await (const result of results) {
    lines += 1;
    waiting.push(`${JSON.stringify(result)}\n`);
    if (waiting.length < linesAtOnce) continue;
    await write(waiting.join(''));
    waiting = [];
  }
  if (waiting.length > 0) await write(waiting.join(''));
  return lines;
}
