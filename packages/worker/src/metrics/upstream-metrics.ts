import { Counter, Histogram, type Registry } from 'prom-client';
import type { Usage } from '@promptq/shared/contracts';
import { cacheLabels, boundedLabel } from '@promptq/shared/metrics';
import type { Complete } from '../upstream/complete.ts';

const secondsBounds = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600];
/** Callers choose the model; so many are told apart in one process. */
const maxModels = 20;
const tooManyRequests = 429;

export interface UpstreamMetrics {
  /** A call ended. @param status of the answer, or `null` when there was none: no connection, aborted, too large */
  called(status: number | null, ms: number): void;
  /** An answer was used. */
  spent(model: string, usage: Usage): void;
}

export function upstreamMetrics(registry: Registry): UpstreamMetrics {
  const duration = new Histogram({
    name: 'promptq_upstream_request_duration_seconds',
    help: 'Calls to the upstream by class of status; none: there was no answer, because of the network or because the call was aborted.',
    labelNames: ['status_class'],
    buckets: secondsBounds,
    registers: [registry],
  });
  const rateLimited = new Counter({
    name: 'promptq_upstream_rate_limited_total',
    help: 'Calls that the upstream answered with 429.',
    registers: [registry],
  });
  const tokens = new Counter({
    name: 'promptq_tokens_total',
    help: 'Tokens that the upstream counted, by model and direction; other: models beyond the first 20.',
    labelNames: ['model', 'direction'],
    registers: [registry],
  });
  const durationByClass = cacheLabels((statusClass: string) => duration.labels(statusClass));
  const modelLabel = boundedLabel(maxModels);
  const tokensByModel = cacheLabels((model: string) => ({
    input: tokens.labels(model, 'input'),
    output: tokens.labels(model, 'output'),
  }));
  return {
    called: (status, ms) => {
      durationByClass(status === null ? 'none' : `${Math.floor(status / 100)}xx`).observe(
        ms / 1_000,
      );
      if (status === tooManyRequests) rateLimited.inc();
    },
    spent: (model, usage) => {
      const { input, output } = tokensByModel(modelLabel(model));
      input.inc(usage.input_tokens);
      output.inc(usage.output_tokens);
    },
  };
}

/** The same `fetch`, measured until it has the answer. */
export function measureCalls(call: typeof fetch, metrics: Pick<UpstreamMetrics, 'called'>) {
  return (async (input, init) => {
    const startedAtMs = performance.now();
    let status: number | null = null;
    try {
      const response = await call(input, init);
      status = response.status;
      return response;
    } finally {
      metrics.called(status, performance.now() - startedAtMs);
    }
  }) satisfies typeof fetch;
}

/**
 * The same calls, whose tokens are counted. Only answered ones are, and by the model that was asked for: a name
 * that the upstream does not know takes none of the places that `maxModels` has.
 */
export function countTokens(complete: Complete, metrics: Pick<UpstreamMetrics, 'spent'>): Complete {
  return async (request, options) => {
    const completion = await complete(request, options);
    metrics.spent(request.model, completion.usage);
    return completion;
  };
}
