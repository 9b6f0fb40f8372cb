/** One event of a stream of server-sent events. */
export interface SseEvent {
  /** `message` when the stream named none. */
  type: string;
  data: string;
  /** The last id the stream has given, up to this event; empty when it gave none. */
  lastEventId: string;
}

export interface SseParser {
  /** Takes the next part of the stream, cut anywhere, and returns the events that are complete with it. */
  push(text: string): SseEvent[];
  /** What the stream said in `retry:`, in milliseconds. */
  reconnectMs(): number | null;
}

/** No event of promptq comes near: a stream without line ends must not fill the memory. */
const longestEvent = 64 * 1024 * 1024;

/**
 * A parser of `text/event-stream` as the HTML standard defines it (9.2.6, "Interpreting an event stream"): lines
 * end with LF, CR or CRLF, also when a part ends between the two; several `data` lines are joined with LF; a line
 * that begins with a colon is a comment; an event that the end of the stream cuts off is none.
 * @throws {RangeError} from `push`, when one event is longer than 64 Mi characters
 */
export function createSseParser(): SseParser {
  let rest = '';
  let atStart = true;
  let afterCr = false;
  let type = '';
  let data: string[] = [];
  let size = 0;
  let lastEventId = '';
  let reconnectMs: number | null = null;

  const takeField = (line: string) => {
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const name = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + (line[colon + 1] === ' ' ? 2 : 1));
    if (name === 'data') data.push(value);
    else if (name === 'event') type = value;
    else if (name === 'id' && !value.includes('\0')) lastEventId = value;
    else if (name === 'retry' && /^\d+$/.test(value)) reconnectMs = Number(value);
  };

  const dispatch = (events: SseEvent[]) => {
    if (data.length > 0)
      events.push({ type: type || 'message', data: data.join('\n'), lastEventId });
    type = '';
    data = [];
    size = 0;
  };

  return {
    reconnectMs: () => reconnectMs,
    push: (text) => {
      if (text === '') return [];
      let fresh = text;
      if (atStart && fresh.startsWith('\uFEFF')) fresh = fresh.slice(1);
      atStart = false;
      // The CR has ended the line already; the LF belongs to it.
      if (afterCr && fresh.startsWith('\n')) fresh = fresh.slice(1);
      afterCr = text.endsWith('\r');
      size += fresh.length;
      // Only what is new is searched, else a long line in many parts would cost the square of its length.
      const lines = fresh.split(/\r\n|\r|\n/);
      lines[0] = rest + (lines[0] ?? '');
      rest = lines.pop() ?? '';
      const events: SseEvent[] = [];
      for (const line of lines) {
        if (line === '') dispatch(events);
        else takeField(line);
      }
      if (size > longestEvent) throw new RangeError('an event of the stream is too long');
      return events;
    },
  };
}
