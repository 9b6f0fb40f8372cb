import type { BullMQOtel } from 'bullmq-otel';

/** What carries a trace from one process to the next: `traceparent` and, where there is one, `tracestate` (W3C Trace Context). */
export type TraceHeaders = Record<string, string>;

/** `server` answers a request, `client` makes one. */
export type SpanKind = 'server' | 'client';

/** A span that is open. */
export interface OpenSpan {
  /** Runs a function whose spans, ours and BullMQ's, become children of this span. */
  within<Answer>(run: () => Answer): Answer;
  /** The headers that carry the trace to the other side of a request. */
  headers: TraceHeaders;
  /** @param failed whether what the span is about went wrong */
  end(how: { name?: string; attributes?: Record<string, string | number>; failed: boolean }): void;
}

/** The traces of a process. It exists only if a collector is set. */
export interface Tracing {
  /** For the queues and workers whose jobs are traced. */
  bullmq: BullMQOtel;
  /** @param from the headers of a caller, to continue its trace; the default is the active trace */
  begin(kind: SpanKind, name: string, from?: TraceHeaders): OpenSpan;
  /** Sends the remaining spans, unless the collector takes too long. */
  close(): Promise<void>;
}
