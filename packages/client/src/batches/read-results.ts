import { PromptQError } from '../requests/promptq-error.ts';
import { sleep } from '../requests/sleep.ts';
import type { Transport } from '../requests/transport.ts';
import { batchPath, type BatchReference, type BatchResult } from './batch.ts';
import { parseLines } from './jsonl.ts';

const reconnectDelayMs = 250;

/**
 * Yields the results of a batch in input order. If the connection breaks, it continues after the last result that was
 * read.
 * @throws {PromptQError} if the connection broke `maxRetries` times without a new result
 */
export async function* readResults(
  transport: Transport,
  batch: BatchReference,
  signal: AbortSignal | undefined,
): AsyncGenerator<BatchResult, void> {
  let lastCustomId: string | null = null;
  for (let breaks = 0; ; breaks += 1) {
    try {
      for await (const result of resultsAfter(lastCustomId, transport, batch, signal)) {
        lastCustomId = result.custom_id;
        breaks = -1;
        yield result;
      }
      return;
    } catch (error) {
      if (!isConnectionError(error) || breaks >= transport.maxRetries) throw error;
    }
    await sleep(reconnectDelayMs * (1 + Math.random()), signal);
  }
}

/** The API sends all results each time, so the ones up to `lastCustomId` are skipped. */
async function* resultsAfter(
  lastCustomId: string | null,
  transport: Transport,
  batch: BatchReference,
  signal: AbortSignal | undefined,
): AsyncGenerator<BatchResult, void> {
  const response = await transport.open({
    method: 'GET',
    path: batchPath(batch, '/results'),
    headers: { Accept: 'application/jsonl' },
    signal,
    repeatable: true,
  });
  let isNew = lastCustomId === null;
  for await (const line of parseLines(response.chunks())) {
    const result = line as BatchResult;
    if (isNew) yield result;
    else isNew = result.custom_id === lastCustomId;
  }
}

/** Whether the connection failed, rather than the response being wrong. */
function isConnectionError(error: unknown): boolean {
  if (!(error instanceof PromptQError)) return false;
  return error.code === 'unreachable' || error.code === 'request_timeout';
}
