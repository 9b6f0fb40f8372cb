import { access, constants, open, rename, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Context } from '../context/context.ts';
import { BadInput } from '../context/errors.ts';
import { cannotWrite } from '../arguments/files.ts';

const linesPerWrite = 500;

/** Checks that a file can be written, before the batch runs for hours. @throws {BadInput} */
export async function requireWritable(path: string): Promise<void> {
  try {
    await access(dirname(path), constants.W_OK);
  } catch (cause) {
    throw cannotWrite(path, '--output', cause);
  }
  const existing = await stat(path).catch(() => null);
  if (existing?.isDirectory() === true) throw new BadInput(`--output ${path} is a directory.`);
}

/**
 * Writes the results of a batch to stdout or to a file. The file appears when it is complete; until then it is called
 * `<path>.part`. Returns the number of results.
 */
export async function writeResults(
  id: string,
  path: string | undefined,
  { client, out, signal }: Context,
): Promise<number> {
  const results = client.batch.results(id, { signal });
  if (path === undefined) return writeLines(results, (text) => out.write(text));
  const partPath = `${path}.part`;
  const file = await open(partPath, 'w').catch((cause: unknown) => {
    throw cannotWrite(partPath, '--output', cause);
  });
  try {
    const lines = await writeLines(results, async (text) => {
      await file.write(text);
    });
    await file.sync();
    await file.close();
    await rename(partPath, path);
    return lines;
  } catch (error) {
    // The first error is the one to report, so errors of the cleanup are ignored.
    await file.close().catch(() => undefined);
    await unlink(partPath).catch(() => undefined);
    throw error;
  }
}

async function writeLines(
  results: AsyncIterable<unknown>,
  write: (text: string) => Promise<void>,
): Promise<number> {
  let lines = 0;
  let pending: string[] = [];
  for await (const result of results) {
    lines += 1;
    pending.push(`${JSON.stringify(result)}\n`);
    if (pending.length < linesPerWrite) continue;
    await write(pending.join(''));
    pending = [];
  }
  if (pending.length > 0) await write(pending.join(''));
  return lines;
}
