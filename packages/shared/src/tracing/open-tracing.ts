import { describeError, type Logger } from '../logging/index.ts';
import type { OpenSpan, Tracing } from './tracing.ts';

const closeWithinMs = 2_000;
const warnIntervalMs = 60_000;

interface TracingOptions {
  /** Base URL of an OTLP/HTTP collector; `null`: no traces, and OpenTelemetry is not loaded. */
  endpoint: string | null;
  /**
   * The share of the traces that start here and are kept. For a request with a `traceparent`, the caller has decided.
   */
  ratio: number;
  service: 'promptq-api' | 'promptq-worker';
  log: Logger;
}

/**
 * Starts tracing in this process. Spans are sent in batches in the background: an unavailable collector loses spans and
 * nothing else.
 * https://opentelemetry.io/docs/specs/otel/protocol/exporter/
 */
export async function openTracing({
  endpoint,
  ratio,
  service,
  log,
}: TracingOptions): Promise<Tracing | null> {
  if (endpoint === null) return null;
  const [otel, sdk, hooks, core, resources, { OTLPTraceExporter }, { BullMQOtel }] =
    await Promise.all([
      import('@opentelemetry/api'),
      import('@opentelemetry/sdk-trace'),
      import('@opentelemetry/context-async-hooks'),
      import('@opentelemetry/core'),
      import('@opentelemetry/resources'),
      import('@opentelemetry/exporter-trace-otlp-http'),
      import('bullmq-otel'),
    ]);
  const { context, propagation, trace, SpanKind, SpanStatusCode } = otel;

  const warn = throttledWarning(log);
  otel.diag.setLogger(
    { error: warn, warn: warn, info: ignore, debug: ignore, verbose: ignore },
    otel.DiagLogLevel.WARN,
  );
  const root = new sdk.TraceIdRatioBasedSampler(ratio);
  const provider = new sdk.TracerProvider({
    resource: resources.resourceFromAttributes({ 'service.name': service }),
    sampler: new sdk.ParentBasedSampler({
      root: {
        // BullMQ's own housekeeping would start countless traces that belong to no job.
        shouldSample: (within, traceId, _name, kind) =>
          kind === SpanKind.INTERNAL
            ? { decision: sdk.SamplingDecision.NOT_RECORD }
            : root.shouldSample(within, traceId),
        toString: () => `without housekeeping, ${root.toString()}`,
      },
    }),
    spanProcessors: [
      new sdk.BatchSpanProcessor({
        exporter: new OTLPTraceExporter({ url: `${endpoint.replace(/\/+$/, '')}/v1/traces` }),
      }),
    ],
  });
  // OpenTelemetry has one of each per process, and bullmq-otel uses these.
  context.setGlobalContextManager(new hooks.AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new core.W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(provider);

  const tracer = provider.getTracer('promptq');
  const kinds = { server: SpanKind.SERVER, client: SpanKind.CLIENT };
  return {
    bullmq: new BullMQOtel({ tracerName: 'promptq' }),
    begin: (kind, name, from): OpenSpan => {
      const around = from ? propagation.extract(context.active(), from) : context.active();
      const span = tracer.startSpan(name, { kind: kinds[kind] }, around);
      const inside = trace.setSpan(around, span);
      const headers: Record<string, string> = {};
      propagation.inject(inside, headers);
      return {
        headers,
        within: (run) => context.with(inside, run),
        end: (how) => {
          if (how.name !== undefined) span.updateName(how.name);
          if (how.attributes) span.setAttributes(how.attributes);
          if (how.failed) span.setStatus({ code: SpanStatusCode.ERROR });
          span.end();
        },
      };
    },
    close: async () => {
      const { promise: outOfTime, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, closeWithinMs);
      await Promise.race([provider.shutdown(), outOfTime]);
      clearTimeout(timer);
    },
  };
}

const ignore = () => undefined;

/**
 * Warns at most once a minute that spans are lost. The message may contain the collector's answer, so it is not logged.
 */
function throttledWarning(log: Logger): (message: string, ...more: unknown[]) => void {
  let warnedAtMs = -Infinity;
  return (_message, ...more) => {
    if (performance.now() - warnedAtMs < warnIntervalMs) return;
    warnedAtMs = performance.now();
    log.warn({ error: describeError(more[0]) }, 'could not send traces');
  };
}
