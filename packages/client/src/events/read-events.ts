import { PromptQError } from '../requests/promptq-error.ts';
import { sleep } from '../requests/sleep.ts';
import type { StreamedResponse, Transport } from '../requests/transport.ts';
import { createSseParser, type SseEvent, type SseParser } from './sse-parser.ts';

/** The API sends a comment every 15 s. A connection that is silent for three times as long is broken. */
const maxSilenceMs = 45_000;

const defaultReconnectMs = 250;

/** Options of a stream. */
export interface EventsOptions {
  /** The `id` of the last event that was read earlier. The stream continues after it. */
  lastEventId?: string;
  signal?: AbortSignal;
}

/**
 * Yields the events at a path, up to and including the one that `isLast`. If the connection breaks, or the API closes it
 * because it is stopping, the stream is opened again after the last event that was read. So no event is lost or repeated.
 * @throws {PromptQError} if the stream cannot be opened, or broke `maxRetries` times without a new event
 */
export async function* readEvents(
  transport: Transport,
  path: string,
  isLast: (event: SseEvent) => boolean,
  { lastEventId = '', signal }: EventsOptions,
): AsyncGenerator<SseEvent, void> {
  let lastId = lastEventId;
  for (let breaks = 0; ; breaks += 1) {
    const response = await transport.open({
      method: 'GET',
      path,
      headers: {
        Accept: 'text/event-stream',
        ...(lastId === '' ? {} : { 'Last-Event-ID': lastId }),
      },
      signal,
      repeatable: true,
      timeoutMs: maxSilenceMs,
    });
    // 204: nothing follows `lastEventId` (HTML standard, 9.2.3).
    if (response.status === 204) return response.close();
    await requireEventStream(response);
    const parser = createSseParser();
    let breakError: PromptQError | null = null;
    try {
      for await (const event of parseChunks(response, parser)) {
        breaks = -1;
        if (event.lastEventId !== '') lastId = event.lastEventId;
        yield event;
        if (isLast(event)) return;
      }
    } catch (error) {
      // Opening the stream again does not help against a server that sends something else.
      if (!(error instanceof PromptQError) || error.code === 'unexpected_answer') throw error;
      breakError = error;
    }
    if (breaks >= transport.maxRetries) {
      throw (
        breakError ??
        new PromptQError({
          code: 'unreachable',
          detail: `The stream ${path} ended before its last event.`,
        })
      );
    }
    await sleep((parser.reconnectMs() ?? defaultReconnectMs) * (1 + Math.random()), signal);
  }
}

async function* parseChunks(
  response: StreamedResponse,
  parser: SseParser,
): AsyncGenerator<SseEvent, void> {
  for await (const text of response.chunks()) yield* parser.push(text);
}

async function requireEventStream(response: StreamedResponse): Promise<void> {
  const { headers } = response;
  if (headers.get('content-type')?.startsWith('text/event-stream') === true) return;
  await response.close();
  throw new PromptQError({
    code: 'unexpected_answer',
    detail: 'The response is not an event stream. Is baseUrl the address of the promptq API?',
    requestId: headers.get('x-request-id'),
  });
}
