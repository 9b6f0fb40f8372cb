/** The real worker process, except that the windows of its rate budgets last BUDGET_WINDOW_MS. */
import { Registry } from 'prom-client';
import { workerMetrics } from '#packages/worker/src/metrics/worker-metrics.ts';
import { openUpstream } from '#packages/worker/src/upstream/client.ts';
import { completions } from '#packages/worker/src/upstream/complete.ts';
import { runWorker } from './run-worker.ts';

await runWorker('short-window', ({ settings, runner }) => {
  const metrics = workerMetrics(new Registry());
  const upstream = openUpstream({
    apiKey: settings.OPENAI_API_KEY,
    baseUrl: settings.OPENAI_BASE_URL,
    connections: 100,
    metrics: metrics.upstream,
    tracing: null,
  });
  runner.onStop('upstream', () => upstream.close());
  return {
    complete: completions(upstream),
    budgetWindowMs: Number(process.env['BUDGET_WINDOW_MS']),
    metrics,
  };
});
