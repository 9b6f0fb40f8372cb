import type { OpenSpan } from '@promptq/shared/tracing';

/**
 * Ends the span of a call.
 * @param status of the answer; `null` when none came, which is a failure as well
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
