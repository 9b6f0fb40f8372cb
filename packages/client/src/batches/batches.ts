import { bodyGuard } from '../requests/body-guard.ts';
import type { Call } from '../requests/call.ts';
import { isReplay, postJson, submitHeaders, type SubmitOptions } from '../requests/submit.ts';
import type { Transport } from '../requests/transport.ts';
import { waitUntil, type WaitOptions } from '../requests/wait-until.ts';
import {
  batchPath,
  type Batch,
  type BatchReference,
  type BatchRequest,
  type BatchResult,
} from './batch.ts';
import { linesBody, type JsonLines } from './jsonl.ts';
import { readResults } from './read-results.ts';

type CallOptions = { signal?: AbortSignal };

const isBatch = bodyGuard<Batch>('batch');

/** The API reads a batch to its end before it responds, so this includes the whole upload. */
const uploadTimeoutMs = 10 * 60 * 1_000;

/** The batch calls of a client. All methods reject as those of `PromptQ` do. */
export class Batches {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Submits up to 1,000 requests. If one is invalid, none is accepted. */
  async submit(
    batch: { requests: readonly BatchRequest[]; metadata?: Record<string, string> },
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
   * Submits up to 50,000 requests as JSON lines, one request per line. If one is invalid, none is accepted, and the error
   * names each invalid line. The lines are streamed, so they are not all in memory at once.
   */
  async submitLines(lines: JsonLines, options: Omit<SubmitOptions, 'wait'> = {}): Promise<Batch> {
    return this.#create(options, {
      method: 'POST',
      path: '/v1/batches',
      body: () => linesBody(lines),
      headers: { 'Content-Type': 'application/jsonl', ...submitHeaders(options) },
      signal: options.signal,
      repeatable: true,
      timeoutMs: uploadTimeoutMs,
    });
  }

  /** Returns the current state of a batch, with its counts. */
  async get(batch: BatchReference, { signal }: CallOptions = {}): Promise<Batch> {
    return (await this.#find(batch, signal)).body;
  }

  /** Waits until all jobs of a batch have finished. `onProgress` receives the batch after each poll. */
  async wait(
    batch: BatchReference,
    options: WaitOptions & { onProgress?: (batch: Batch) => void } = {},
  ): Promise<Batch> {
    return waitUntil<Batch>(
      batchPath(batch),
      () => this.#find(batch, options.signal),
      (current) => {
        options.onProgress?.(current);
        return current.finished_at !== null;
      },
      options,
    );
  }

  /**
   * Yields the results of the finished jobs in input order. If the connection breaks, it continues after the last result
   * that was read.
   */
  results(batch: BatchReference, { signal }: CallOptions = {}): AsyncGenerator<BatchResult, void> {
    return readResults(this.#transport, batch, signal);
  }

  /** Cancels the jobs of a batch that have not finished. A second call has no further effect. */
  async cancel(batch: BatchReference, { signal }: CallOptions = {}): Promise<Batch> {
    const call = { method: 'POST', path: batchPath(batch, '/cancel'), signal } as const;
    return (await this.#transport.request({ ...call, repeatable: true }, isBatch)).body;
  }

  async #create({ onReplay }: SubmitOptions, call: Call): Promise<Batch> {
    const { body, headers } = await this.#transport.request(call, isBatch);
    if (isReplay(headers)) onReplay?.();
    return body;
  }

  #find(batch: BatchReference, signal: AbortSignal | undefined) {
    const call = { method: 'GET', path: batchPath(batch), signal, repeatable: true } as const;
    return this.#transport.request(call, isBatch);
  }
}
