import { PromptQError } from '../promptq-error.ts';
import { sleep } from '../requests/sleep.ts';
import type { OpenAnswer, Transport } from '../requests/transport.ts';
import { createSseParser, type SseEvent, type SseParser } from './sse-parser.ts';

/** The API sends something every 15 s; three times nothing is a connection that is no more. */
const longestSilenceMs = 45_000;

const reconnectMs = 250;

export interface EventsOptions {
  /** Goes on after this event: the `id` of one that was read earlier. */
  lastEventId?: string;
  signal?: AbortSignal;
}

/**
 * The events at a path up to and with the one that `isLast`. A connection that breaks, or that the API ends
 * because it is stopping, is opened again after the last event that was read, so none is lost and none comes twice.
 * @throws {PromptQError} when it cannot be opened, or broke off `maxRetries` times without a single new event
 */
export async function* readEvents(
  transport: Transport,
  path: string,
  isLast: (event: SseEvent) => boolean,
  { lastEventId = '', signal }: EventsOptions,
): AsyncGenerator<SseEvent, void> {
  let lastId = lastEventId;
  for (let breaks = 0; ; breaks += 1) {
    const answer = await transport.open({
      method: 'GET',
      path,
      headers: {
        Accept: 'text/event-stream',
        ...(lastId === '' ? {} : { 'Last-Event-ID': lastId }),
      },
      signal,
      repeatable: true,
      timeoutMs: longestSilenceMs,
    });
    // The last event was `lastEventId`: there is nothing more to come (HTML standard, 9.2.3).
    if (answer.status === 204) return answer.close();
    await requireEvents(answer);
    const parser = createSseParser();
    let brokenBy: unknown = null;
    try {
      for await (const event of parse(answer, parser)) {
        breaks = -1;
        if (event.lastEventId !== '') lastId = event.lastEventId;
        yield event;
        if (isLast(event)) return;
      }
    } catch (error) {
      if (!(error instanceof PromptQError)) throw error;
      brokenBy = error;
    }
    if (breaks >= transport.maxRetries) {
      throw (
        brokenBy ??
        new PromptQError({ code: 'unreachable', detail: `${path} ends before its last event.` })
      );
    }
    await sleep((parser.reconnectMs() ?? reconnectMs) * (1 + Math.random()), signal);
  }
}

async function* parse(answer: OpenAnswer, parser: SseParser): AsyncGenerator<SseEvent, void> {
  for await (const text of answer.parts()) yield* parser.push(text);
}

async function requireEvents(answer: OpenAnswer): Promise<void> {
  const { headers } = answer;
  if (headers.get('content-type')?.startsWith('text/event-stream') === true) return;
  await answer.close();
  throw new PromptQError({
    code: 'unexpected_answer',
    detail: 'The answer is no stream of events: is baseUrl the address of promptq?',
    requestId: headers.get('x-request-id'),
  });
}
