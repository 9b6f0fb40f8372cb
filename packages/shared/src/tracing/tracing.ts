import type { BullMQOtel } from 'bullmq-otel';

/** The headers that propagate a trace: `traceparent` and, if present, `tracestate` (W3C Trace Context). */
export type TraceHeaders = Record<string, string>;

/** `server` answers a request, `client` makes one. */
export type SpanKind = 'server' | 'client';

/** An open span. */
export interface OpenSpan {
  /** Runs a function. The spans that it starts, including BullMQ's, become children of this span. */
  within<Answer>(run: () => Answer): Answer;
  /** The headers that propagate the trace to the receiver of a request. */
  headers: TraceHeaders;
  /** @param failed whether the operation of the span failed */
  end(how: { name?: string; attributes?: Record<string, string | number>; failed: boolean }): void;
}

/** The traces of a process. It exists only if a collector is set. */
export interface Tracing {
  /** The telemetry option for BullMQ's queues and workers. */
  bullmq: BullMQOtel;
  /** @param from the headers of a caller, to continue its trace; the default is the active trace */
  begin(kind: SpanKind, name: string, from?: TraceHeaders): OpenSpan;
  /** Sends the remaining spans, unless the collector takes too long. */
  close(): Promise<void>;
}
