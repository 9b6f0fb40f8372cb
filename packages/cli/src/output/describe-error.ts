import { PromptQError, type Fault } from '@promptq/client';

const ways: Record<string, string> = {
  unreachable: 'Is the API running? Its address is --url or PROMPTQ_URL.',
  request_timeout: 'The API is there, but does not answer. Try again, or look at its log.',
  unexpected_answer: 'Its address is --url or PROMPTQ_URL, without /v1.',
  unauthorized: 'Set PROMPTQ_API_KEY.',
  not_found: 'Finished jobs are kept for a while only (RESULT_TTL_SECONDS of the API).',
};

/** An error for people: what, where, and what to do. Several lines, the first one is enough. */
export function describeError(error: unknown, url: string): string {
  if (!(error instanceof PromptQError)) {
    return `promptq: ${error instanceof Error ? error.message : String(error)}`;
  }
  const { status, code, detail, errors, requestId } = error;
  const where = status === null || code === 'unexpected_answer' ? ` (${url})` : '';
  const lines = [`promptq: ${detail}${where} [${status === null ? '' : `${status} `}${code}]`];
  // One fault is the detail already.
  if (errors.length > 1) lines.push(...errors.map((fault) => `  ${nameOf(fault)}${fault.detail}`));
  else if (flagOf(errors[0]?.pointer)) lines.push(`  The flag is ${flagOf(errors[0]?.pointer)}.`);
  const way = ways[code];
  if (way !== undefined) lines.push(`  ${way}`);
  if (requestId !== null && (status ?? 0) >= 500)
    lines.push(`  The API's log has it as ${requestId}.`);
  return lines.join('\n');
}

/** The same for scripts. */
export function errorAsJson(error: unknown): string {
  if (error instanceof PromptQError) {
    const { code, status, detail, requestId, errors } = error;
    return JSON.stringify({ error: { code, status, detail, request_id: requestId, errors } });
  }
  const detail = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error ? error.name : 'Error';
  return JSON.stringify({ error: { code, status: null, detail, request_id: null, errors: [] } });
}

function nameOf({ pointer, detail }: Fault): string {
  // A line of a batch is named by its number, which is what an editor shows.
  if (pointer === '' || detail.startsWith('Line ')) return '';
  const flag = flagOf(pointer);
  return `${flag === null ? '' : `${flag}, `}${pointer}: `;
}

/** `/max_attempts` was given as `--max-attempts`, `/input/model` as `--model`. */
function flagOf(pointer: string | undefined): string | null {
  const member = pointer === undefined ? null : /^(?:\/input)?\/([a-z_]+)(?:\/|$)/.exec(pointer);
  const name = member?.[1];
  return name !== undefined && flagged.has(name) ? `--${name.replaceAll('_', '-')}` : null;
}

const flagged = new Set([
  'delay_seconds',
  'max_attempts',
  'max_concurrent',
  'max_tokens',
  'metadata',
  'model',
  'priority',
  'start_within_seconds',
  'tasks',
  'temperature',
  'text',
  'timeout_seconds',
  'user_id',
  'webhook',
]);
