export { openTracing } from './open-tracing.ts';
export type { OpenSpan, SpanKind, TraceHeaders, Tracing } from './tracing.ts';
