import type { Tracing } from '@promptq/shared/tracing';
import { endCall } from './end-call.ts';

/** The same `fetch`, with a span for each call, whose `traceparent` the other side is sent. @param name of the spans */
export function traceCalls(
  call: typeof fetch,
  name: string,
  tracing: Pick<Tracing, 'begin'>,
): typeof fetch {
  return async (input, init = {}) => {
    const span = tracing.begin('client', name);
    const headers = new Headers(init.headers);
    for (const [header, value] of Object.entries(span.headers)) headers.set(header, value);
    let status: number | null = null;
    try {
      const response = await span.within(() => call(input, { ...init, headers }));
      status = response.status;
      return response;
    } finally {
      endCall(span, status, 400);
    }
  };
}
