import { Counter, Histogram, type Registry } from 'prom-client';
import { cacheLabels, boundedLabel } from '@promptq/shared/metrics';
import type { UpstreamObserver } from '../upstream/observer.ts';

const secondsBounds = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600];
/** How many models have a label of their own in one process. Callers choose the model, so the number must be bounded. */
const maxModels = 20;
const tooManyRequests = 429;

/** The metrics of calls to the upstream. */
export function upstreamMetrics(registry: Registry): UpstreamObserver {
  const duration = new Histogram({
    name: 'promptq_upstream_request_duration_seconds',
    help: 'Upstream calls by status class. none: no answer, because of the network or an abort.',
    labelNames: ['status_class'],
    buckets: secondsBounds,
    registers: [registry],
  });
  const rateLimited = new Counter({
    name: 'promptq_upstream_rate_limited_total',
    help: 'Upstream calls answered with 429.',
    registers: [registry],
  });
  const tokens = new Counter({
    name: 'promptq_tokens_total',
    help: 'Tokens counted by the upstream, by model and direction. other: models beyond the first 20.',
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
