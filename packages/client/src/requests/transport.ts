import { PromptQError } from '../promptq-error.ts';
import { startDeadline, type Deadline } from './deadline.ts';
import { toError } from './problem.ts';
import type { Recognise } from './recognise.ts';
import { retryDelayMs } from './retry-policy.ts';
import { sleep } from './sleep.ts';

/** One call of the API. */
export interface Call {
  method: 'GET' | 'POST';
  /** From `/v1` on. */
  path: string;
  query?: Record<string, string | number | undefined>;
  headers?: Record<string, string>;
  /** Made anew for each try: a stream can be read only once. */
  body?: () => RequestInit['body'];
  signal?: AbortSignal | undefined;
  /** Whether it may be carried out twice without harm. */
  repeatable: boolean;
  /** How long the answer may take, or for an open one the next part of it. */
  timeoutMs?: number;
}

/** What a try that failed leads to. */
export interface Retry {
  error: PromptQError;
  /** The first one is 1. */
  retry: number;
  delayMs: number;
}

export interface TransportOptions {
  baseUrl: string;
  apiKey: string | undefined;
  headers: Record<string, string>;
  fetch: typeof fetch;
  maxRetries: number;
  timeoutMs: number;
  onRetry: ((retry: Retry) => void) | undefined;
}

/** An answer whose body is read part by part. */
export interface OpenAnswer {
  status: number;
  headers: Headers;
  /** The body as text. Ending the loop early closes the connection. @throws {PromptQError} when it breaks off */
  parts(): AsyncGenerator<string, void>;
  /** Lets go of an answer whose parts are not read. */
  close(): Promise<void>;
}

/** Sends calls, retries those that may succeed later, and turns every failure into a PromptQError. */
export class Transport {
  readonly #options: TransportOptions;

  constructor(options: TransportOptions) {
    this.#options = options;
  }

  get maxRetries(): number {
    return this.#options.maxRetries;
  }

  /**
   * The answer's JSON and its headers.
   * @throws {PromptQError} @throws the signal's reason
   */
  async ask<Body>(
    call: Call,
    isExpected: Recognise<Body>,
  ): Promise<{ body: Body; headers: Headers }> {
    return this.#retried(call, async (response, deadline) => {
      const body: unknown = await response.json().catch((error: unknown) => {
        if (error instanceof SyntaxError) return undefined;
        throw error;
      });
      deadline.clear();
      if (!isExpected(body)) throw unexpected(response, call);
      return { body, headers: response.headers };
    });
  }

  /** An answer to be read as it comes. Only opening it is retried. @throws {PromptQError} */
  async open(call: Call): Promise<OpenAnswer> {
    return this.#retried(call, async (response, deadline) => ({
      status: response.status,
      headers: response.headers,
      parts: () => readParts(response, deadline, call),
      close: async () => {
        deadline.clear();
        await response.body?.cancel();
      },
    }));
  }

  async #retried<Answer>(
    call: Call,
    read: (response: Response, deadline: Deadline) => Promise<Answer>,
  ): Promise<Answer> {
    const { maxRetries, onRetry } = this.#options;
    for (let retries = 0; ; retries += 1) {
      try {
        return await this.#once(call, read);
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

  async #once<Answer>(
    call: Call,
    read: (response: Response, deadline: Deadline) => Promise<Answer>,
  ): Promise<Answer> {
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
      // Required by the Fetch standard for a body that is a stream; TypeScript's DOM does not know it.
      ...(body instanceof ReadableStream ? { duplex: 'half' } : {}),
    };
    try {
      const response = await fetch(`${baseUrl}${call.path}${queryOf(call)}`, init);
      if (!response.ok) throw await toError(response);
      return await read(response, deadline);
    } catch (error) {
      deadline.clear();
      throw toFailure(error, call, deadline);
    }
  }
}

async function* readParts(
  response: Response,
  deadline: Deadline,
  call: Call,
): AsyncGenerator<string, void> {
  const reader = response.body?.getReader();
  // `fatal` is off: a server that sends no UTF-8 is told by its JSON, which does not parse then.
  const decoder = new TextDecoder();
  try {
    for (;;) {
      deadline.restart();
      const part = await reader?.read();
      deadline.pause();
      if (part === undefined || part.done) break;
      const text = decoder.decode(part.value, { stream: true });
      if (text !== '') yield text;
    }
  } catch (error) {
    throw toFailure(error, call, deadline);
  } finally {
    deadline.clear();
    // Closes the connection when the loop ended early; nothing is to be said about one that is broken.
    await reader?.cancel().catch(() => {});
  }
}

/** What reaches the caller: his own reason, our error, or why there was no answer. */
function toFailure(error: unknown, call: Call, deadline: Deadline): unknown {
  if (call.signal?.aborted) return call.signal.reason;
  if (error instanceof PromptQError) return error;
  if (deadline.isOver()) {
    return new PromptQError({
      code: 'request_timeout',
      detail: `${call.method} ${call.path} was not answered in time.`,
      cause: error,
    });
  }
  return new PromptQError({
    code: 'unreachable',
    detail: `${call.method} ${call.path} had no answer: ${reasonOf(error)}`,
    cause: error,
  });
}

/** `fetch failed` says nothing; what it was caused by does (`connect ECONNREFUSED ...`). */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  if (!(cause instanceof Error)) return String(cause);
  return cause.message || (cause as { code?: string }).code || cause.name;
}

function unexpected(response: Response, call: Call): PromptQError {
  return new PromptQError({
    code: 'unexpected_answer',
    status: response.status,
    requestId: response.headers.get('x-request-id'),
    detail: `${call.method} ${call.path} was not answered by promptq: is baseUrl the address of its API?`,
  });
}

function queryOf(call: Call): string {
  const given = Object.entries(call.query ?? {}).filter(([, value]) => value !== undefined);
  if (given.length === 0) return '';
  return `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString()}`;
}
