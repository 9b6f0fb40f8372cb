import { until } from './until.ts';

export interface SeenEvent {
  event: string;
  id: string;
  data: { delta?: string; status?: string } & Record<string, unknown>;
}

/** A client of server-sent events over one connection. */
export interface EventReader {
  response: Response;
  events: SeenEvent[];
  /** Resolves when the connection has ended, however it did. */
  ended: Promise<'ended' | 'lost'>;
  /** Waits until an event has come. */
  untilEvent(name: string): Promise<SeenEvent>;
  /** Waits until the output so far is `text`. */
  untilSaid(text: string): Promise<void>;
  leave(): void;
}

/** Follows a job. @throws {Error} when it is refused */
export async function followEvents(
  url: string,
  jobId: string,
  lastEventId?: string,
): Promise<EventReader> {
  const leaving = new AbortController();
  const response = await fetch(`${url}/v1/jobs/${jobId}/events`, {
    headers: lastEventId === undefined ? {} : { 'last-event-id': lastEventId },
    signal: leaving.signal,
  });
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
  const events: SeenEvent[] = [];
  let hasEnded = false;
  const ended = read(response, events).then(
    () => 'ended' as const,
    () => 'lost' as const,
  );
  void ended.then(() => (hasEnded = true));
  const see = <Seen>(what: string, find: () => Seen | undefined | false) =>
    until(what, () => {
      const seen = find();
      if (seen === undefined || seen === false) {
        if (hasEnded) throw new Error(`ended before ${what}: ${JSON.stringify(events)}`);
      }
      return seen;
    });
  return {
    response,
    events,
    ended,
    untilEvent: (name) => see(name, () => events.find(({ event }) => event === name)),
    untilSaid: async (text) => {
      await see(JSON.stringify(text), () => saidIn(events) === text);
    },
    leave: () => leaving.abort(),
  };
}

async function read(response: Response, events: SeenEvent[]): Promise<void> {
  let rest = '';
  for await (const text of (response.body as ReadableStream<Uint8Array>).pipeThrough(
    new TextDecoderStream(),
  )) {
    const blocks = (rest + text).split('\n\n');
    rest = blocks.pop() as string;
    for (const block of blocks) {
      const field = (name: string) =>
        block
          .split('\n')
          .find((line) => line.startsWith(`${name}: `))
          ?.slice(name.length + 2);
      const [event, id, data] = [field('event'), field('id'), field('data')];
      if (event === undefined || id === undefined || data === undefined) continue;
      events.push({ event, id, data: JSON.parse(data) as SeenEvent['data'] });
    }
  }
}

/** The output as a client shows it: the deltas since the last reset. */
export function saidIn(events: SeenEvent[]): string {
  const after = events.findLastIndex(({ event }) => event === 'output.reset') + 1;
  return events
    .slice(after)
    .map(({ event, data }) => (event === 'output.delta' ? data.delta : ''))
    .join('');
}

/** The numbers in the ids of events, which grow. */
export function idNumbers(events: SeenEvent[]): number[][] {
  return events.map(({ id }) => id.split('.').slice(1, 4).map(Number));
}

/** The names of events, each run of the same once. */
export function namesIn(events: SeenEvent[]): string[] {
  return events.map(({ event }) => event).filter((name, at, all) => name !== all[at - 1]);
}
