import type { UpstreamObserver } from './observer.ts';
import type { Complete } from './complete.ts';

/** Measures a `fetch` until the response arrives. */
export function measureCalls(call: typeof fetch, metrics: Pick<UpstreamObserver, 'called'>) {
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
 * Counts the tokens of answered calls by the requested model. A model that the upstream does not know uses none of the
 * `maxModels` labels.
 */
export function countTokens(
  complete: Complete,
  metrics: Pick<UpstreamObserver, 'spent'>,
): Complete {
  return async (request, options) => {
    const completion = await complete(request, options);
    metrics.spent(request.model, completion.usage);
    return completion;
  };
}
