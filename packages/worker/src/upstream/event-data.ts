/** The upstream sent an event that is larger than an answer may be. */
class EventTooLargeError extends Error {
  override readonly name = 'EventTooLargeError';
}

/** No event of a chat completion comes near this; a larger one is refused before it fills the memory. */
const maxEventLength = 1024 * 1024;

/**
 * The data of each server-sent event of a body, in order (HTML standard, "Server-sent events", section
 * "Interpreting an event stream"). Names and ids of events are passed over: chat completions have none. An event
 * that the end of the body cuts off is none.
 */
export async function* eventData(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  let data: string[] = [];
  let size = 0;
  for await (const bytes of body) {
    rest += decoder.decode(bytes, { stream: true });
    // A CR at the end may be half of a CRLF: it waits for what follows.
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0) yield data.join('\n');
        data = [];
        size = 0;
      } else if (line.startsWith('data:')) {
        data.push(line.slice(line[5] === ' ' ? 6 : 5));
        size += line.length;
      }
    }
    if (rest.length + size > maxEventLength) throw new EventTooLargeError('of a streamed answer');
  }
}
