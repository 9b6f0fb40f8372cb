import { open, rename, unlink } from 'node:fs/promises';
import type { Context } from '../context.ts';
import { cannotWrite } from '../read-text.ts';

/** As many lines are written at once. */
const linesAtOnce = 500;

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
