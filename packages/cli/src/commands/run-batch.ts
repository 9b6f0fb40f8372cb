import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { Batch } from '@promptq/client';
import { BadInput } from '../bad-input.ts';
import type { Context } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { Interrupted } from '../interrupted.ts';
import { openProgress, type Progress } from '../output/progress.ts';
import { cannotRead } from '../read-text.ts';
import { requireWritable, writeResults } from './write-results.ts';

export interface RunFlags {
  output?: string;
  idempotencyKey?: string;
  new?: boolean;
}

/** Submits a file as a batch, or goes on with the one it was, and follows it to its end. Returns the exit code. */
export async function runBatch(file: string, flags: RunFlags, context: Context): Promise<number> {
  const { client, say, signal } = context;
  if (flags.new === true && flags.idempotencyKey !== undefined)
    throw new BadInput('--new and --idempotency-key exclude each other.');
  if (flags.output !== undefined) await requireWritable(flags.output);
  const content = await digestOf(file);
  const idempotencyKey =
    flags.idempotencyKey ?? `promptq-file-${content}${flags.new === true ? `-${Date.now()}` : ''}`;
  let batch: Batch;
  let isReplay = false;
  try {
    batch = await client.batch.submitLines(() => createReadStream(file), {
      idempotencyKey,
      signal,
      onReplay: () => {
        isReplay = true;
      },
    });
  } catch (error) {
    if (error instanceof Interrupted)
      await say(
        '\nInterrupted while the file was sent: the same command again goes on, whatever was accepted.',
      );
    throw error;
  }
  await say(
    isReplay
      ? `${batch.id}: this file was submitted before, going on with it (--new begins another batch)`
      : `${batch.id}: ${batch.request_counts.total.toLocaleString('en')} requests accepted`,
  );
  return finishBatch(batch.id, flags.output, 'the same command', context);
}

/** Follows a batch to its end and writes its results. Returns the exit code. */
export async function finishBatch(
  id: string,
  output: string | undefined,
  comeBack: string,
  context: Context,
): Promise<number> {
  const { client, say, signal, err, out, json } = context;
  const progress = openProgress(err);
  let batch: Batch;
  try {
    batch = await client.batch.wait(id, {
      signal,
      onProgress: (seen) => void progress.show(progressOf(seen)),
    });
  } catch (error) {
    await progress.end();
    if (error instanceof Interrupted)
      await say(`The batch goes on. Back to it: ${comeBack}; end it: promptq batch cancel ${id}`);
    throw error;
  }
  await progress.end();
  const lines = await writeResults(id, output, context);
  if (lines !== batch.request_counts.total)
    throw new Error(`${id} has ${batch.request_counts.total} requests, but ${lines} results came`);
  if (output !== undefined) {
    if (json) await out.write(`${JSON.stringify(batch)}\n`);
    else await say(`${lines.toLocaleString('en')} results in ${output}`);
  }
  return batch.request_counts.completed === batch.request_counts.total
    ? exitCodes.done
    : exitCodes.endedOtherwise;
}

function progressOf({ request_counts: counts }: Batch): Progress {
  const { total, completed, failed, cancelled, expired } = counts;
  return { total, done: completed + failed + cancelled + expired, failed: failed + expired };
}

/** SHA-256 of a file, as hex: the same content is the same batch. @throws {BadInput} */
async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      hash.update(chunk);
    }
  } catch (cause) {
    throw cannotRead(file, 'FILE', cause);
  }
  if (bytes === 0)
    throw new BadInput(`FILE ${file} is empty: it must have a request on each line.`);
  return hash.digest('hex');
}
