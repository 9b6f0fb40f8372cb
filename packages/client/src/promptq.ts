import type { AuditEvent, JobType, SubmissionRequest } from '@promptq/shared/contracts';
import { Batches } from './batches/batches.ts';
import type { JobEvent } from './events/job-event.ts';
import { streamEvents } from './events/stream-events.ts';
import {
  isTerminal,
  pathOf,
  type Job,
  type JobFor,
  type JobOf,
  type JobReference,
} from './jobs/job.ts';
import type { AuditQuery, JobsQuery } from './jobs/queries.ts';
import { everyItem } from './requests/pages.ts';
import { bodyWith } from './requests/recognise.ts';
import { isReplay, postJson, submitHeaders, type SubmitOptions } from './requests/submit.ts';
import { Transport, type Call, type Retry } from './requests/transport.ts';
import { waitUntil, type WaitOptions } from './requests/wait-until.ts';

export interface PromptQOptions {
  /** Where the API is, without `/v1`: `http://127.0.0.1:3000`. */
  baseUrl: string;
  /** `pq_...`, when the API asks for one. */
  apiKey?: string | undefined;
  /** Instead of the global `fetch`: a proxy, a pool, a test. */
  fetch?: typeof fetch;
  /** How often a call that failed is tried again. Default 4. */
  maxRetries?: number;
  /** How long one try may take, in milliseconds; what the API was asked to wait comes on top. Default 30 s. */
  timeoutMs?: number;
  /** Sent with every request. */
  headers?: Record<string, string>;
  /** Told of every try that failed and is going to be made again. */
  onRetry?: (retry: Retry) => void;
}

export interface CallOptions {
  signal?: AbortSignal;
}

/**
 * The client of promptq. Every method rejects with a `PromptQError`, or with the reason of its own `signal`.
 * Calls that failed in passing are tried again as the API's headers say: see `retryDelayMs`.
 */
export class PromptQ {
  /** Many jobs at once. */
  readonly batch: Batches;
  readonly #transport: Transport;
  readonly #timeoutMs: number;

  /** @throws {TypeError} when `baseUrl` is no http or https URL */
  constructor(options: PromptQOptions) {
    this.#timeoutMs = options.timeoutMs ?? 30_000;
    this.#transport = new Transport({
      baseUrl: toBase(options.baseUrl),
      apiKey: options.apiKey,
      headers: options.headers ?? {},
      // Called without a receiver, which browsers insist on.
      fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
      maxRetries: options.maxRetries ?? 4,
      timeoutMs: this.#timeoutMs,
      onRetry: options.onRetry,
    });
    this.batch = new Batches(this.#transport);
  }

  /**
   * Submits a job. It goes with an Idempotency-Key, the given one or one of its own, so a try that was made again
   * is the same job.
   */
  async submit<Request extends SubmissionRequest>(
    request: Request,
    options: SubmitOptions = {},
  ): Promise<JobFor<Request>> {
    const { body, headers } = await this.#transport.ask(
      {
        ...postJson('/v1/jobs', request),
        headers: { 'Content-Type': 'application/json', ...submitHeaders(options) },
        signal: options.signal,
        timeoutMs: this.#timeoutMs + (options.wait ?? 0) * 1_000,
      },
      bodyWith<JobFor<Request>>('job'),
    );
    if (isReplay(headers)) options.onReplay?.();
    return body;
  }

  /** The job as it is now. */
  async get<Type extends JobType>(
    job: JobReference<Type>,
    options: CallOptions & { include?: 'input' } = {},
  ): Promise<JobOf<Type>> {
    const { include, signal } = options;
    const call = { method: 'GET', path: pathOf(job), query: { include }, signal } as const;
    return this.#job<JobOf<Type>>({ ...call, repeatable: true });
  }

  /** The job when it has ended, however it did. Holds one request open at a time. */
  async wait<Type extends JobType>(
    job: JobReference<Type>,
    options: WaitOptions = {},
  ): Promise<JobOf<Type>> {
    const path = pathOf(job);
    return waitUntil<JobOf<Type>>(
      path,
      (seconds) =>
        this.#transport.ask(
          {
            method: 'GET',
            path,
            query: { wait: seconds === 0 ? undefined : seconds },
            signal: options.signal,
            repeatable: true,
            timeoutMs: this.#timeoutMs + seconds * 1_000,
          },
          bodyWith<JobOf<Type>>('job'),
        ),
      ({ status }) => isTerminal(status),
      options,
    );
  }

  /**
   * What happens to a job, from its current state to its terminal event, through broken connections. A chat job
   * tells its answer as it comes when its input has `stream: true`, which a submission given here gets by itself.
   */
  async *stream(
    target: JobReference | SubmissionRequest,
    options: CallOptions & { lastEventId?: string; idempotencyKey?: string } = {},
  ): AsyncGenerator<JobEvent, void> {
    const { idempotencyKey, ...following } = options;
    const isRequest = typeof target === 'object' && 'input' in target && !('object' in target);
    const job = isRequest
      ? await this.submit(streamed(target), {
          ...following,
          ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
        })
      : (target as JobReference);
    yield* streamEvents(this.#transport, pathOf(job, '/events'), following);
  }

  /** Ends a job: a queued one with this answer, a running one a moment later. Again does nothing more. */
  async cancel<Type extends JobType>(
    job: JobReference<Type>,
    { signal }: CallOptions = {},
  ): Promise<JobOf<Type>> {
    const call = { method: 'POST', path: pathOf(job, '/cancel'), signal } as const;
    return this.#job<JobOf<Type>>({ ...call, repeatable: true });
  }

  /** A failed, cancelled or expired job again, as a new one. Not tried again by itself: it could be two. */
  async retry<Type extends JobType>(
    job: JobReference<Type>,
    { signal }: CallOptions = {},
  ): Promise<JobOf<Type>> {
    const call = { method: 'POST', path: pathOf(job, '/retry'), signal } as const;
    return this.#job<JobOf<Type>>({ ...call, repeatable: false });
  }

  /** Jobs, newest first, page by page as the loop goes on. */
  list(query: JobsQuery = {}, { signal }: CallOptions = {}): AsyncGenerator<Job, void> {
    return everyItem(this.#transport, { path: '/v1/jobs', query: { ...query }, signal });
  }

  async #job<Body extends { object: 'job' }>(call: Call): Promise<Body> {
    return (await this.#transport.ask(call, bodyWith<Body>('job'))).body;
  }

  /** Audit events, newest first, page by page as the loop goes on. */
  audit(query: AuditQuery = {}, { signal }: CallOptions = {}): AsyncGenerator<AuditEvent, void> {
    return everyItem(this.#transport, { path: '/v1/audit', query: { ...query }, signal });
  }
}

function streamed(request: SubmissionRequest): SubmissionRequest {
  if (request.type !== 'chat') return request;
  return { ...request, input: { stream: true, ...request.input } };
}

function toBase(baseUrl: string): string {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : null;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:')
    throw new TypeError(`baseUrl must be an http or https URL, not "${baseUrl}"`);
  return url.href.replace(/\/+$/, '');
}
