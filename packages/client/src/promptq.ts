import type { AuditEvent, JobType, SubmissionRequest } from '@promptq/shared/contracts';
import { Batches } from './batches/batches.ts';
import type { JobEvent } from './events/job-event.ts';
import { streamEvents } from './events/stream-events.ts';
import {
  isTerminal,
  jobPath,
  type Job,
  type JobFor,
  type JobOf,
  type JobReference,
} from './jobs/job.ts';
import type { AuditQuery, JobsQuery } from './jobs/queries.ts';
import { bodyGuard } from './requests/body-guard.ts';
import type { Call } from './requests/call.ts';
import { paginate } from './requests/paginate.ts';
import { isReplay, postJson, submitHeaders, type SubmitOptions } from './requests/submit.ts';
import { Transport, type Retry } from './requests/transport.ts';
import { waitUntil, type WaitOptions } from './requests/wait-until.ts';

/** Options of the client. */
export interface PromptQOptions {
  /** The address of the API, without `/v1`: `http://127.0.0.1:3000`. */
  baseUrl: string;
  /** An API key (`pq_...`), if the API requires one. */
  apiKey?: string | undefined;
  /** Replaces the global `fetch`, for a proxy, a connection pool or a test. */
  fetch?: typeof fetch;
  /** How often a failed call is retried. Default: 4. */
  maxRetries?: number;
  /** The time limit of one try, in milliseconds. The time that the API is asked to wait is added. Default: 30 s. */
  timeoutMs?: number;
  /** Headers for every request. */
  headers?: Record<string, string>;
  /** Called before each retry. */
  onRetry?: (retry: Retry) => void;
}

/** Options of every call. */
export interface CallOptions {
  signal?: AbortSignal;
}

/**
 * A client for promptq. Every method rejects with a `PromptQError`, or with the reason of its own `signal`. Transient
 * failures are retried, as the API's headers ask. See `retryDelayMs` for the rules.
 */
export class PromptQ {
  /** Batches: many jobs in one submission. */
  readonly batch: Batches;
  readonly #transport: Transport;
  readonly #timeoutMs: number;

  /** @throws {TypeError} if `baseUrl` is not an http or https URL */
  constructor(options: PromptQOptions) {
    this.#timeoutMs = options.timeoutMs ?? 30_000;
    this.#transport = new Transport({
      baseUrl: normalizeBaseUrl(options.baseUrl),
      apiKey: options.apiKey,
      headers: options.headers ?? {},
      // Browsers require that `fetch` is called without a receiver.
      fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
      maxRetries: options.maxRetries ?? 4,
      timeoutMs: this.#timeoutMs,
      onRetry: options.onRetry,
    });
    this.batch = new Batches(this.#transport);
  }

  /**
   * Submits a job. The client sends an Idempotency-Key, the given one or a new one, so a retry never creates a second
   * job.
   */
  async submit<Request extends SubmissionRequest>(
    request: Request,
    options: SubmitOptions = {},
  ): Promise<JobFor<Request>> {
    const { body, headers } = await this.#transport.request(
      {
        ...postJson('/v1/jobs', request),
        headers: { 'Content-Type': 'application/json', ...submitHeaders(options) },
        signal: options.signal,
        timeoutMs: this.#timeoutMs + (options.wait ?? 0) * 1_000,
      },
      bodyGuard<JobFor<Request>>('job'),
    );
    if (isReplay(headers)) options.onReplay?.();
    return body;
  }

  /** Returns the current state of a job. */
  async get<Type extends JobType>(
    job: JobReference<Type>,
    options: CallOptions & { include?: 'input' } = {},
  ): Promise<JobOf<Type>> {
    const { include, signal } = options;
    const call = { method: 'GET', path: jobPath(job), query: { include }, signal } as const;
    return this.#job<JobOf<Type>>({ ...call, repeatable: true });
  }

  /** Waits until a job has finished, with any terminal status, and returns it. It keeps one request open at a time. */
  async wait<Type extends JobType>(
    job: JobReference<Type>,
    options: WaitOptions = {},
  ): Promise<JobOf<Type>> {
    const path = jobPath(job);
    return waitUntil<JobOf<Type>>(
      path,
      (seconds) =>
        this.#transport.request(
          {
            method: 'GET',
            path,
            query: { wait: seconds === 0 ? undefined : seconds },
            signal: options.signal,
            repeatable: true,
            timeoutMs: this.#timeoutMs + seconds * 1_000,
          },
          bodyGuard<JobOf<Type>>('job'),
        ),
      ({ status }) => isTerminal(status),
      options,
    );
  }

  /**
   * Yields the events of a job, from its current state to its terminal event. It reconnects if the connection breaks. A
   * chat job sends its answer piece by piece if its input has `stream: true`. A request given here gets that member.
   */
  async *stream(
    target: JobReference | SubmissionRequest,
    options: CallOptions & { lastEventId?: string; idempotencyKey?: string } = {},
  ): AsyncGenerator<JobEvent, void> {
    const { idempotencyKey, ...eventsOptions } = options;
    const isRequest = typeof target === 'object' && 'input' in target && !('object' in target);
    const job = isRequest
      ? await this.submit(withStream(target), {
          ...eventsOptions,
          ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
        })
      : (target as JobReference);
    yield* streamEvents(this.#transport, jobPath(job, '/events'), eventsOptions);
  }

  /** Cancels a job: a queued job at once, a running job a moment later. A second call has no further effect. */
  async cancel<Type extends JobType>(
    job: JobReference<Type>,
    { signal }: CallOptions = {},
  ): Promise<JobOf<Type>> {
    const call = { method: 'POST', path: jobPath(job, '/cancel'), signal } as const;
    return this.#job<JobOf<Type>>({ ...call, repeatable: true });
  }

  /**
   * Submits a failed, cancelled or expired job again and returns the new job. The client retries this call only after a
   * 429, because it could create two jobs.
   */
  async retry<Type extends JobType>(
    job: JobReference<Type>,
    { signal }: CallOptions = {},
  ): Promise<JobOf<Type>> {
    const call = { method: 'POST', path: jobPath(job, '/retry'), signal } as const;
    return this.#job<JobOf<Type>>({ ...call, repeatable: false });
  }

  /** Yields jobs, newest first. It requests each page when the loop reaches it. */
  list(query: JobsQuery = {}, { signal }: CallOptions = {}): AsyncGenerator<Job, void> {
    return paginate(this.#transport, { path: '/v1/jobs', query: { ...query }, signal });
  }

  /** Yields audit events, newest first. It requests each page when the loop reaches it. */
  audit(query: AuditQuery = {}, { signal }: CallOptions = {}): AsyncGenerator<AuditEvent, void> {
    return paginate(this.#transport, { path: '/v1/audit', query: { ...query }, signal });
  }

  async #job<Body extends { object: 'job' }>(call: Call): Promise<Body> {
    return (await this.#transport.request(call, bodyGuard<Body>('job'))).body;
  }
}

function withStream(request: SubmissionRequest): SubmissionRequest {
  if (request.type !== 'chat') return request;
  return { ...request, input: { stream: true, ...request.input } };
}

function normalizeBaseUrl(baseUrl: string): string {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : null;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:')
    throw new TypeError(`baseUrl must be an http or https URL, not "${baseUrl}".`);
  return url.href.replace(/\/+$/, '');
}
