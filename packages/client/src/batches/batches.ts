import type { WaitOptions } from '../requests/wait-until.ts';
import { waitUntil } from '../requests/wait-until.ts';
import { bodyWith } from '../requests/recognise.ts';
import { isReplay, postJson, submitHeaders, type SubmitOptions } from '../requests/submit.ts';
import type { Call, Transport } from '../requests/transport.ts';
import type { Batch, BatchRequest, BatchResult } from './batch.ts';
import { parseLines, toBody, type JsonLines } from './jsonl.ts';

type CallOptions = { signal?: AbortSignal };

const isBatch = bodyWith<Batch>('batch');

/** A batch or its id. */
export type BatchReference = string | { id: string };

/** A body of this size takes a while: the API reads it whole before it answers. */
const uploadTimeoutMs = 10 * 60 * 1_000;

/** Many jobs at once. All methods reject as those of `PromptQ` do. */
export class Batches {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Submits up to 1,000 requests, all or none. */
  async submit(
    batch: { requests: readonly BatchRequest[] },
    options: Omit<SubmitOptions, 'wait'> = {},
  ): Promise<Batch> {
    return this.#create(options, {
      ...postJson('/v1/batches', batch),
      headers: { 'Content-Type': 'application/json', ...submitHeaders(options) },
      signal: options.signal,
      timeoutMs: uploadTimeoutMs,
    });
  }

  /**
   * Submits up to 50,000 lines of JSON, one request each, all or none; each line that is wrong is named in the
   * error. They are streamed: only as much as the network takes is in memory.
   */
  async submitLines(lines: JsonLines, options: Omit<SubmitOptions, 'wait'> = {}): Promise<Batch> {
    return this.#create(options, {
      method: 'POST',
      path: '/v1/batches',
      body: () => toBody(lines),
      headers: { 'Content-Type': 'application/jsonl', ...submitHeaders(options) },
      signal: options.signal,
      repeatable: true,
      timeoutMs: uploadTimeoutMs,
    });
  }

  async #create({ onReplay }: SubmitOptions, call: Call): Promise<Batch> {
    const { body, headers } = await this.#transport.ask(call, isBatch);
    if (isReplay(headers)) onReplay?.();
    return body;
  }

  /** The batch as it is now, with its live counts. */
  async get(batch: BatchReference, { signal }: CallOptions = {}): Promise<Batch> {
    return (await this.#look(batch, signal)).body;
  }

  /** The batch when all its jobs have ended. `onProgress` sees it each time it is looked at. */
  async wait(
    batch: BatchReference,
    options: WaitOptions & { onProgress?: (batch: Batch) => void } = {},
  ): Promise<Batch> {
    return waitUntil<Batch>(
      pathOf(batch),
      () => this.#look(batch, options.signal),
      (seen) => {
        options.onProgress?.(seen);
        return seen.finished_at !== null;
      },
      options,
    );
  }

  /** The results in input order, as they are read; while the batch runs, those that are there. */
  async *results(
    batch: BatchReference,
    { signal }: CallOptions = {},
  ): AsyncGenerator<BatchResult, void> {
    const answer = await this.#transport.open({
      method: 'GET',
      path: pathOf(batch, '/results'),
      headers: { Accept: 'application/jsonl' },
      signal,
      repeatable: true,
    });
    for await (const line of parseLines(answer.parts())) yield line as BatchResult;
  }

  /** Cancels what has not ended yet. Again does nothing more. */
  async cancel(batch: BatchReference, { signal }: CallOptions = {}): Promise<Batch> {
    const call = { method: 'POST', path: pathOf(batch, '/cancel'), signal } as const;
    return (await this.#transport.ask({ ...call, repeatable: true }, isBatch)).body;
  }

  #look(batch: BatchReference, signal: AbortSignal | undefined) {
    const call = { method: 'GET', path: pathOf(batch), signal, repeatable: true } as const;
    return this.#transport.ask(call, isBatch);
  }
}

function pathOf(batch: BatchReference, more = ''): string {
  const id = typeof batch === 'string' ? batch : batch.id;
  return `/v1/batches/${encodeURIComponent(id)}${more}`;
}
