import { PromptQError } from './promptq-error.ts';
import type { BodyGuard } from './body-guard.ts';
import { callError, unexpectedResponse } from './call-error.ts';
import { queryString, type Call } from './call.ts';
import { startDeadline, type Deadline } from './deadline.ts';
import { problemError } from './problem-error.ts';
import { readChunks } from './read-chunks.ts';
import { retryDelayMs } from './retry-policy.ts';
import { sleep } from './sleep.ts';

/** A failed try that is about to be repeated. */
export interface Retry {
  error: PromptQError;
  /** 1 for the first retry. */
  retry: number;
  delayMs: number;
}

/** What every call has in common. */
export interface TransportOptions {
  baseUrl: string;
  apiKey: string | undefined;
  headers: Record<string, string>;
  fetch: typeof fetch;
  maxRetries: number;
  timeoutMs: number;
  onRetry: ((retry: Retry) => void) | undefined;
}

/** A response whose body is read chunk by chunk. */
export interface StreamedResponse {
  status: number;
  headers: Headers;
  /** The body as text. Ending the loop early closes the connection. @throws {PromptQError} if the connection breaks */
  chunks(): AsyncGenerator<string, void>;
  /** Releases a response whose body is not read. */
  close(): Promise<void>;
}

/** Sends calls, retries transient failures, and turns every failure into a PromptQError. */
export class Transport {
  readonly #options: TransportOptions;

  constructor(options: TransportOptions) {
    this.#options = options;
  }

  get maxRetries(): number {
    return this.#options.maxRetries;
  }

  /**
   * Sends a call and returns the JSON body and the headers of the response.
   * @throws {PromptQError} @throws the signal's reason
   */
  async request<Body>(
    call: Call,
    isExpected: BodyGuard<Body>,
  ): Promise<{ body: Body; headers: Headers }> {
    return this.#withRetries(call, async (response, deadline) => {
      const body: unknown = await response.json().catch((error: unknown) => {
        if (error instanceof SyntaxError) return undefined;
        throw error;
      });
      deadline.clear();
      if (!isExpected(body)) throw unexpectedResponse(response, call);
      return { body, headers: response.headers };
    });
  }

  /**
   * Sends a call whose response is read as it arrives. Only the opening is retried.
   * @throws {PromptQError} @throws the signal's reason
   */
  async open(call: Call): Promise<StreamedResponse> {
    return this.#withRetries(call, async (response, deadline) => ({
      status: response.status,
      headers: response.headers,
      chunks: () => readChunks(response, deadline, call),
      close: async () => {
        deadline.clear();
        await response.body?.cancel();
      },
    }));
  }

  async #withRetries<Result>(
    call: Call,
    read: (response: Response, deadline: Deadline) => Promise<Result>,
  ): Promise<Result> {
    const { maxRetries, onRetry } = this.#options;
    for (let retries = 0; ; retries += 1) {
      try {
        return await this.#tryOnce(call, read);
      } catch (error) {
        if (!(error instanceof PromptQError)) throw error;
        const { repeatable, signal } = call;
        const delayMs = retryDelayMs(error, { repeatable, retries, maxRetries }, Math.random());
        if (delayMs === null) throw error;
        onRetry?.({ error, retry: retries + 1, delayMs });
        await sleep(delayMs, signal);
      }
    }
  }

  async #tryOnce<Result>(
    call: Call,
    read: (response: Response, deadline: Deadline) => Promise<Result>,
  ): Promise<Result> {
    call.signal?.throwIfAborted();
    const { baseUrl, apiKey, fetch } = this.#options;
    const deadline = startDeadline(call.timeoutMs ?? this.#options.timeoutMs, call.signal);
    const body = call.body?.();
    const init = {
      method: call.method,
      headers: {
        Accept: 'application/json',
        ...(apiKey === undefined ? {} : { Authorization: `Bearer ${apiKey}` }),
        ...this.#options.headers,
        ...call.headers,
      },
      signal: deadline.signal,
      cache: 'no-store' as const,
      ...(body === undefined ? {} : { body }),
      // The Fetch standard requires it for a streamed body. TypeScript's DOM types do not have it.
      ...(body instanceof ReadableStream ? { duplex: 'half' } : {}),
    };
    try {
      const response = await fetch(`${baseUrl}${call.path}${queryString(call)}`, init);
      if (!response.ok) throw await problemError(response);
      return await read(response, deadline);
    } catch (error) {
      deadline.clear();
      throw callError(error, call, deadline);
    }
  }
}
