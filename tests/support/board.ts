import { z } from 'zod';
import type { BatchResult } from '@promptq/shared/contracts';
import { newWebhookSecret } from '@promptq/shared/webhooks';
import { apiKeys, bearer, keyOf } from './api-keys.ts';
import { json } from './problem.ts';
import { startReceiver, type Receiver } from './receivers.ts';
import { startStack, type Stack } from './stack.ts';
import { sendError } from './upstream.ts';
import { until } from './until.ts';

export const boardPath = '/admin/queues';
export const admin = keyOf('operators', ['admin']);
const user = keyOf('acme', ['jobs', 'audit']);

/** In every field of a job that a user fills, or an upstream, or a receiver. */
export const marker = 'SECRET-MARKER';

const listSchema = z.object({
  queues: z.array(
    z.object({
      name: z.string(),
      counts: z.record(z.string(), z.number()),
      jobs: z.array(z.looseObject({ id: z.string(), failedReason: z.string() })),
    }),
  ),
});

export interface Board {
  stack: Stack;
  /** A request of the operator to the board. */
  request: (path: string, more?: RequestInit) => Promise<Response>;
  /** What the board answers about the queues. */
  list: (query: string) => Promise<z.infer<typeof listSchema>['queues']>;
  ids: Record<'done' | 'failed' | 'delayed' | 'batched' | 'held' | 'analysis', string>;
  close(): Promise<void>;
}

/** An API with a board and jobs in every state, and no worker any more: nothing moves. */
export async function startBoard(): Promise<Board> {
  const receiver = await startReceiver();
  const stack = await startStack({
    QUEUE_BOARD: 'true',
    API_KEYS: apiKeys(admin, user),
    WEBHOOK_SECRET: newWebhookSecret(),
    WEBHOOK_ALLOWED_HOSTS: '127.0.0.1',
  });
  const request: Board['request'] = (path, more = {}) =>
    fetch(`${stack.api.url}${boardPath}${path}`, { headers: bearer(admin), ...more });
  const list: Board['list'] = async (query) => {
    const response = await request(`/api/queues?${query}`);
    if (response.status !== 200) throw new Error(`${query}: ${await response.text()}`);
    return listSchema.parse(await response.json()).queues;
  };
  return {
    stack,
    request,
    list,
    ids: await fill(stack, receiver, list),
    close: async () => {
      await stack.close();
      await receiver.close();
    },
  };
}

async function send(stack: Stack, path: string, body: object, more: Record<string, string> = {}) {
  const response = await stack.request(path, {
    method: 'POST',
    headers: { ...bearer(user), ...json, ...more },
    body: JSON.stringify(body),
  });
  if (response.status !== 202) throw new Error(`not accepted: ${await response.text()}`);
  return (await response.json()) as { id: string };
}

async function fill(stack: Stack, receiver: Receiver, list: Board['list']): Promise<Board['ids']> {
  stack.upstream.answerWith((call, res) => {
    const text = JSON.stringify(call.body.messages);
    if (text.includes('held')) return new Promise<never>(() => undefined);
    if (text.includes('fails')) return sendError(res, 400, marker, marker);
    return marker;
  });
  const chat = (message: string, more: object = {}) => ({
    type: 'chat',
    input: { message: `${marker} ${message}`, model: marker },
    user_id: marker,
    metadata: { [marker]: marker },
    webhook: { url: `${receiver.url}/fine?${marker}`, include_output: true },
    ...more,
  });
  const worker = await stack.worker();
  const headers = { 'idempotency-key': marker };
  const [done, failed, delayed, batch, held, analysis] = await Promise.all([
    send(stack, '/v1/jobs', chat('done'), headers),
    send(stack, '/v1/jobs', chat('fails', { webhook: { url: `${receiver.url}/410?${marker}` } })),
    send(stack, '/v1/jobs', chat('later', { delay_seconds: 3_600 })),
    send(stack, '/v1/batches', {
      requests: [{ custom_id: marker, ...chat('b'), webhook: undefined }],
    }),
    send(stack, '/v1/jobs', chat('held', { webhook: undefined })),
    send(stack, '/v1/jobs', { ...chat('analysis'), type: 'analysis', input: { text: marker } }),
  ]);
  await until('all that can end has ended, and its webhooks were sent', async () => {
    const [chats, analyses, deliveries] = await list('');
    return (
      chats?.counts['completed'] === 2 &&
      chats.counts['failed'] === 1 &&
      chats.counts['active'] === 1 &&
      analyses?.counts['completed'] === 1 &&
      deliveries?.counts['completed'] === 2 &&
      deliveries.counts['failed'] === 1
    );
  });
  const results = await stack.request(`/v1/batches/${batch.id}/results`, { headers: bearer(user) });
  const { id: batched } = (await results.json()) as BatchResult;
  await worker.kill('SIGKILL');
  await send(stack, '/v1/jobs', chat('waits', { priority: 'high' }));
  await send(stack, '/v1/jobs', chat('waits', { priority: 'low' }));
  return {
    done: done.id,
    failed: failed.id,
    delayed: delayed.id,
    batched,
    held: held.id,
    analysis: analysis.id,
  };
}
