import type { UpstreamObserver } from './observer.ts';
import type { Complete } from './complete.ts';

/** The same `fetch`, measured until it has the answer. */
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
 * The same calls, whose tokens are counted. Only answered ones are, and by the model that was asked for: a name
 * that the upstream does not know takes none of the places that `maxModels` has.
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
