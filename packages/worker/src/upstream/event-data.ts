import { createParser } from 'eventsource-parser';

/** The upstream sent an event that is larger than an answer may be. */
class EventTooLargeError extends Error {
  override readonly name = 'EventTooLargeError';
}

/** Far more than any event of a chat completion has. A larger event is rejected before it fills the memory. */
const maxEventLength = 1024 * 1024;

/**
 * Yields the data of each server-sent event of a body, in order. Event names and ids are ignored, because chat
 * completions have none. An event that the end of the body cuts off is dropped.
 * @throws {EventTooLargeError} when the body has more than `maxEventLength` characters without the end of an event
 */
export async function* eventData(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  const read: string[] = [];
  // Parse errors are unknown fields, which the standard says to ignore.
  const parser = createParser({ onEvent: ({ data }) => read.push(data) });
  let sinceEvent = 0;
  for await (const bytes of body) {
    const text = decoder.decode(bytes, { stream: true });
    parser.feed(text);
    sinceEvent = read.length > 0 ? 0 : sinceEvent + text.length;
    yield* read.splice(0);
    // Not the parser's `maxBufferSize`: it does not count the field names, so many short lines could exceed the bound.
    if (sinceEvent > maxEventLength) throw new EventTooLargeError('of a streamed answer');
  }
}
