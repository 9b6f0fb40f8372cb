import type { BatchResult, PublicBatch } from '@promptq/shared/contracts';
import { json } from './problem.ts';
import type { Stack } from './stack.ts';
import { until } from './until.ts';

export const jsonLines = { 'content-type': 'application/jsonl' };

/** `count` chat requests; the text of each is its `custom_id`. */
export function chats(count: number, more: object = {}): object[] {
  return Array.from({ length: count }, (_, n) => ({
    custom_id: `r-${n}`,
    type: 'chat',
    input: { message: `r-${n}` },
    ...more,
  }));
}

export function toLines(requests: object[]): string {
  return requests.map((request) => `${JSON.stringify(request)}\n`).join('');
}

/** Posts a batch as JSON lines, or as one document when it is no text. */
export function postBatch(
  stack: Pick<Stack, 'request'>,
  body: string | object,
  headers: Record<string, string> = {},
): Promise<Response> {
  const isText = typeof body === 'string';
  return stack.request('/v1/batches', {
    method: 'POST',
    headers: { ...(isText ? jsonLines : json), ...headers },
    body: isText ? body : JSON.stringify(body),
  });
}

export async function createBatch(stack: Stack, requests: object[]): Promise<PublicBatch> {
  const response = await postBatch(stack, toLines(requests));
  if (response.status !== 202) throw new Error(`not accepted: ${await response.text()}`);
  return (await response.json()) as PublicBatch;
}

export async function getBatch(stack: Pick<Stack, 'request'>, id: string): Promise<PublicBatch> {
  return (await (await stack.request(`/v1/batches/${id}`)).json()) as PublicBatch;
}

/** The batch, when it has ended. */
export function endedBatch(stack: Pick<Stack, 'request'>, id: string): Promise<PublicBatch> {
  return until(`${id} has ended`, async () => {
    const batch = await getBatch(stack, id);
    return batch.finished_at !== null && batch;
  });
}

export async function resultsOf(stack: Pick<Stack, 'request'>, id: string): Promise<BatchResult[]> {
  const text = await (await stack.request(`/v1/batches/${id}/results`)).text();
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as BatchResult);
}
