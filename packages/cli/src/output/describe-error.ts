import { PromptQError, type Fault } from '@promptq/client';

const hints: Record<string, string> = {
  unreachable: 'Is the API running? Set its address with --url or PROMPTQ_URL.',
  request_timeout:
    'The API accepted the connection but did not respond. Try again, or check its log.',
  unexpected_answer: 'Set the address of the API with --url or PROMPTQ_URL, without /v1.',
  unauthorized: 'Set an API key in PROMPTQ_API_KEY.',
  not_found: 'The API deletes finished jobs after RESULT_TTL_SECONDS.',
};

/** An error for people: what happened, where, and what to do. The first line is enough on its own. */
export function describeError(error: unknown, url: string): string {
  if (!(error instanceof PromptQError)) {
    return `promptq: ${error instanceof Error ? error.message : String(error)}`;
  }
  const { status, code, detail, errors, requestId } = error;
  const address = status === null || code === 'unexpected_answer' ? ` (${url})` : '';
  const lines = [`promptq: ${detail}${address} [${status === null ? '' : `${status} `}${code}]`];
  // The detail already describes a single fault.
  if (errors.length > 1)
    lines.push(...errors.map((fault) => `  ${faultPrefix(fault)}${fault.detail}`));
  else if (flagFor(errors[0]?.pointer)) lines.push(`  The flag is ${flagFor(errors[0]?.pointer)}.`);
  const hint = hints[code];
  if (hint !== undefined) lines.push(`  ${hint}`);
  if (requestId !== null && (status ?? 0) >= 500)
    lines.push(`  The request id in the API's log is ${requestId}.`);
  return lines.join('\n');
}

/** An error as JSON, for scripts. */
export function errorAsJson(error: unknown): string {
  if (error instanceof PromptQError) {
    const { code, status, detail, requestId, errors } = error;
    return JSON.stringify({ error: { code, status, detail, request_id: requestId, errors } });
  }
  const detail = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error ? error.name : 'Error';
  return JSON.stringify({ error: { code, status: null, detail, request_id: null, errors: [] } });
}

function faultPrefix({ pointer, detail }: Fault): string {
  // The detail of a batch's line starts with the line number, which an editor shows too.
  if (pointer === '' || detail.startsWith('Line ')) return '';
  const flag = flagFor(pointer);
  return `${flag === null ? '' : `${flag}, `}${pointer}: `;
}

/** The flag for a member of the request: `--max-attempts` for `/max_attempts`, `--model` for `/input/model`. */
function flagFor(pointer: string | undefined): string | null {
  const match = pointer === undefined ? null : /^(?:\/input)?\/([a-z_]+)(?:\/|$)/.exec(pointer);
  const member = match?.[1];
  return member !== undefined && membersWithFlag.has(member)
    ? `--${member.replaceAll('_', '-')}`
    : null;
}

const membersWithFlag = new Set([
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
