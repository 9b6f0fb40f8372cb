import type { OpenSpan, Tracing } from '@promptq/shared/tracing';

/** Wraps `fetch` with a span for each call, and sends its `traceparent` to the receiver. @param name of the spans */
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

/**
 * Ends the span of a call.
 * @param status of the response; `null`: no response, which is also a failure
 * @param failedFrom the lowest status that is a failure
 */
export function endCall(
  span: Pick<OpenSpan, 'end'>,
  status: number | null,
  failedFrom: 300 | 400,
): void {
  span.end({
    attributes: status === null ? {} : { 'http.response.status_code': status },
    failed: status === null || status >= failedFrom,
  });
}
