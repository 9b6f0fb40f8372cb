import { PromptQError, type Fault } from '../promptq-error.ts';
import { retryAfterMs } from './retry-after.ts';

/** The error of an answer that is not 2xx: its problem document (RFC 9457), or what can be said without one. */
export async function toError(response: Response): Promise<PromptQError> {
  const should = response.headers.get('x-should-retry');
  const common = {
    status: response.status,
    requestId: response.headers.get('x-request-id'),
    retryAfterMs: retryAfterMs(response.headers, Date.now()),
    shouldRetry: should === 'true' ? true : should === 'false' ? false : null,
  };
  const document = parseObject(await response.text());
  if (typeof document?.['code'] === 'string' && typeof document['detail'] === 'string') {
    const { code, detail } = document as { code: string; detail: string };
    return new PromptQError({ ...common, code, detail, errors: faultsOf(document['errors']) });
  }
  return new PromptQError({
    ...common,
    code: 'unexpected_answer',
    detail: `Status ${response.status} without a problem document: is there a proxy, or another server, at this address?`,
  });
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    // Not JSON: the caller says so.
    return null;
  }
}

function faultsOf(value: unknown): Fault[] {
  if (!Array.isArray(value)) return [];
  return value.filter(
    (fault): fault is Fault =>
      typeof fault?.pointer === 'string' && typeof fault.detail === 'string',
  );
}
