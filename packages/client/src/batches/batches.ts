import { sleep } from '../requests/sleep.ts';
import { waitUntil, type WaitOptions } from '../requests/wait-until.ts';
import { PromptQError } from '../promptq-error.ts';
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

const comeBackMs = 250;

/** Many jobs at once. All methods reject as those of `PromptQ` do. */
export class Batches {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Submits up to 1,000 requests, all or none. */
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

  /**
   * The results of the requests that have ended, in input order, one at a time. When the connection breaks it goes
   * on behind the last one that was read.
   */
  async *results(
    batch: BatchReference,
    { signal }: CallOptions = {},
  ): AsyncGenerator<BatchResult, void> {
    let last: string | null = null;
    for (let breaks = 0; ; breaks += 1) {
      try {
        for await (const result of this.#resultsAfter(last, batch, signal)) {
          last = result.custom_id;
          breaks = -1;
          yield result;
        }
        return;
      } catch (error) {
        if (!isBroken(error) || breaks >= this.#transport.maxRetries) throw error;
      }
      await sleep(comeBackMs * (1 + Math.random()), signal);
    }
  }

  async *#resultsAfter(
    last: string | null,
    batch: BatchReference,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<BatchResult, void> {
    const answer = await this.#transport.open({
      method: 'GET',
      path: pathOf(batch, '/results'),
      headers: { Accept: 'application/jsonl' },
      signal,
      repeatable: true,
    });
    let isNew = last === null;
    for await (const line of parseLines(answer.parts())) {
      const result = line as BatchResult;
      if (isNew) yield result;
      else isNew = result.custom_id === last;
    }
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

/** Whether the answer broke off, rather than said something wrong. */
function isBroken(error: unknown): boolean {
  if (!(error instanceof PromptQError)) return false;
  return error.code === 'unreachable' || error.code === 'request_timeout';
}

function pathOf(batch: BatchReference, more = ''): string {
  const id = typeof batch === 'string' ? batch : batch.id;
  return `/v1/batches/${encodeURIComponent(id)}${more}`;
}
