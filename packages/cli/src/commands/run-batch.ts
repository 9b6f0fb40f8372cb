import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { Batch } from '@promptq/client';
import type { Context } from '../context/context.ts';
import { BadInput, Interrupted } from '../context/errors.ts';
import { exitCodes } from '../context/exit-codes.ts';
import { cannotRead } from '../arguments/files.ts';
import type { Progress } from '../output/describe-progress.ts';
import { openProgress } from '../output/progress.ts';
import { requireWritable, writeResults } from './write-results.ts';

export interface RunFlags {
  output?: string;
  idempotencyKey?: string;
  new?: boolean;
}

/** Submits a file as a batch, or resumes the batch that it was before, and follows it. Returns the exit code. */
export async function runBatch(file: string, flags: RunFlags, context: Context): Promise<number> {
  const { client, log, signal } = context;
  if (flags.new === true && flags.idempotencyKey !== undefined)
    throw new BadInput('--new and --idempotency-key cannot be combined.');
  if (flags.output !== undefined) await requireWritable(flags.output);
  const hash = await hashFile(file);
  const idempotencyKey =
    flags.idempotencyKey ?? `promptq-file-${hash}${flags.new === true ? `-${Date.now()}` : ''}`;
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
      await log('\nInterrupted during the upload. To resume, run the same command again.');
    throw error;
  }
  await log(
    isReplay
      ? `${batch.id}: this file was submitted before, resuming its batch (--new starts another one)`
      : `${batch.id}: ${batch.request_counts.total.toLocaleString('en')} requests accepted`,
  );
  return followBatch(batch.id, flags.output, 'run the same command again', context);
}

/**
 * Shows the progress of a batch until it has finished and writes its results. Returns the exit code.
 * @param resumeHint how to resume after Ctrl-C
 */
export async function followBatch(
  id: string,
  output: string | undefined,
  resumeHint: string,
  context: Context,
): Promise<number> {
  const { client, log, signal, err, out, json } = context;
  const progress = openProgress(err);
  let batch: Batch;
  try {
    batch = await client.batch.wait(id, {
      signal,
      onProgress: (current) => void progress.show(toProgress(current)),
    });
  } catch (error) {
    await progress.end();
    if (error instanceof Interrupted)
      await log(
        `The batch continues. To resume: ${resumeHint}. To cancel it: promptq batch cancel ${id}`,
      );
    throw error;
  }
  await progress.end();
  const lines = await writeResults(id, output, context);
  if (lines !== batch.request_counts.total)
    throw new Error(
      `${id} has ${batch.request_counts.total} requests, but the API sent ${lines} results.`,
    );
  if (output !== undefined) {
    if (json) await out.write(`${JSON.stringify(batch)}\n`);
    else await log(`${lines.toLocaleString('en')} results in ${output}`);
  }
  return batch.request_counts.completed === batch.request_counts.total
    ? exitCodes.success
    : exitCodes.notCompleted;
}

function toProgress({ request_counts: counts }: Batch): Progress {
  const { total, completed, failed, cancelled, expired } = counts;
  return { total, done: completed + failed + cancelled + expired, failed: failed + expired };
}

/** The SHA-256 of a file in hex. The same content is the same batch. @throws {BadInput} */
async function hashFile(file: string): Promise<string> {
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
  if (bytes === 0) throw new BadInput(`FILE ${file} is empty. It must hold one request per line.`);
  return hash.digest('hex');
}
