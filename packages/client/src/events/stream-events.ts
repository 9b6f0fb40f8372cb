import { PromptQError } from '../requests/promptq-error.ts';
import type { Transport } from '../requests/transport.ts';
import type { JobEvent } from './job-event.ts';
import { readEvents, type EventsOptions } from './read-events.ts';

const terminalTypes = new Set(['job.completed', 'job.failed', 'job.cancelled', 'job.expired']);

/** Yields the typed events of a job, up to and including its terminal event. @throws {PromptQError} */
export async function* streamEvents(
  transport: Transport,
  path: string,
  options: EventsOptions,
): AsyncGenerator<JobEvent, void> {
  const isLast = ({ type }: { type: string }) => terminalTypes.has(type);
  for await (const { type, data, lastEventId } of readEvents(transport, path, isLast, options)) {
    yield { id: lastEventId, type, data: parseData(data) } as JobEvent;
  }
}

function parseData(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch (cause) {
    const detail = 'The data of an event is not JSON. Is baseUrl the address of the promptq API?';
    throw new PromptQError({ code: 'unexpected_answer', detail, cause });
  }
}
