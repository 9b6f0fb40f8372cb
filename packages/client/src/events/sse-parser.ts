import { createParser } from 'eventsource-parser';
import { PromptQError } from '../requests/promptq-error.ts';

/** One server-sent event. */
export interface SseEvent {
  /** The event's name; `message` if the stream gave none. */
  type: string;
  data: string;
  /** The last id that the stream has sent, up to and including this event; empty if it sent none. */
  lastEventId: string;
}

export interface SseParser {
  /**
   * Takes the next chunk of the stream and returns the events that it completes. A chunk can end anywhere.
   * @throws {PromptQError} `unexpected_answer` if one event exceeds 64 Mi characters
   */
  push(text: string): SseEvent[];
  /** The reconnection time from the stream's last `retry:` field, in milliseconds; `null` if it sent none. */
  reconnectMs(): number | null;
}

/**
 * Far above any event that promptq sends. It keeps an event without an end from filling the memory. The library's own
 * `maxBufferSize` counts only the kept data, so many short lines would take a multiple of it.
 */
const maxEventLength = 64 * 1024 * 1024;

/** Creates a parser for one `text/event-stream` (HTML standard, 9.2.6). Each connection needs its own. */
export function createSseParser(): SseParser {
  let events: SseEvent[] = [];
  let lastEventId = '';
  let reconnectMs: number | null = null;
  let lengthSinceEvent = 0;
  const parser = createParser({
    // The library reports an id before the event it belongs to. Later events keep it (HTML standard, 9.2.6).
    onId: (id) => {
      lastEventId = id;
    },
    onEvent: ({ event, data }) => {
      events.push({ type: event || 'message', data, lastEventId });
    },
    onRetry: (ms) => {
      reconnectMs = ms;
    },
  });
  return {
    reconnectMs: () => reconnectMs,
    push: (text) => {
      events = [];
      parser.feed(text);
      lengthSinceEvent = events.length > 0 ? 0 : lengthSinceEvent + text.length;
      if (lengthSinceEvent > maxEventLength) throw tooLong();
      return events;
    },
  };
}

function tooLong(): PromptQError {
  return new PromptQError({
    code: 'unexpected_answer',
    detail: 'An event of the stream is too long. Is baseUrl the address of the promptq API?',
  });
}
