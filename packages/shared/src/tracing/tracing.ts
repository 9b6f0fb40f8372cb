import type { BullMQOtel } from 'bullmq-otel';

/** What carries a trace from one process to the next: `traceparent` and, where there is one, `tracestate` (W3C Trace Context). */
export type TraceHeaders = Record<string, string>;

/** `server` answers a request, `client` makes one. */
export type SpanKind = 'server' | 'client';

/** A span that is open. */
export interface OpenSpan {
  /** Whatever is begun in here, by our code or BullMQ's, is part of the span. */
  within<Answer>(run: () => Answer): Answer;
  /** What the other side of a request is sent. */
  headers: TraceHeaders;
  /** @param failed whether what the span is about went wrong */
  end(how: { name?: string; attributes?: Record<string, string | number>; failed: boolean }): void;
}

/** The traces of a process. There are none unless a collector is set, and then nobody is given this. */
export interface Tracing {
  /** For the queues and workers whose jobs are traced. */
  bullmq: BullMQOtel;
  /** @param from the headers of a caller, whose trace is gone on with; else that of what runs now */
  begin(kind: SpanKind, name: string, from?: TraceHeaders): OpenSpan;
  /** Sends what is left, if the collector takes it within the time. */
  close(): Promise<void>;
}
