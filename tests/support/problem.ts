import type { Stack } from './stack.ts';

export interface ProblemDocument {
  code: string;
  detail: string;
  errors: { pointer: string }[];
  error: { param: string | null };
}

export const json = { 'content-type': 'application/json' };

export async function problemOf(response: Response): Promise<ProblemDocument> {
  return (await response.json()) as ProblemDocument;
}

/** Submits a body as it is, good or bad. */
export function post(
  stack: Stack,
  body: RequestInit['body'],
  headers: Record<string, string> = json,
): Promise<Response> {
  return stack.request('/v1/jobs', { method: 'POST', headers, body });
}

/** The body of a chat job. */
export function chatBody(input: unknown, more: object = {}): string {
  return JSON.stringify({ type: 'chat', input, ...more });
}
