import { PromptQError, type Fault } from './promptq-error.ts';
import { retryAfterMs } from './retry-after.ts';

/** Turns a response that is not 2xx into an error, from its problem document (RFC 9457) if it has one. */
export async function problemError(response: Response): Promise<PromptQError> {
  const shouldRetry = response.headers.get('x-should-retry');
  const common = {
    status: response.status,
    requestId: response.headers.get('x-request-id'),
    retryAfterMs: retryAfterMs(response.headers, Date.now()),
    shouldRetry: shouldRetry === 'true' ? true : shouldRetry === 'false' ? false : null,
  };
  const problem = parseObject(await response.text());
  if (typeof problem?.['code'] === 'string' && typeof problem['detail'] === 'string') {
    const { code, detail } = problem as { code: string; detail: string };
    return new PromptQError({ ...common, code, detail, errors: parseFaults(problem['errors']) });
  }
  return new PromptQError({
    ...common,
    code: 'unexpected_answer',
    detail: `The response has status ${response.status} and no problem document. Is baseUrl the address of the promptq API, or is a proxy in between?`,
  });
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    // The text is not JSON. The caller reports it.
    return null;
  }
}

function parseFaults(value: unknown): Fault[] {
  if (!Array.isArray(value)) return [];
  return value.filter(
    (fault): fault is Fault =>
      typeof fault?.pointer === 'string' && typeof fault.detail === 'string',
  );
}
