import { setTimeout as delay } from 'node:timers/promises';
import { noUsage } from '@promptq/shared/contracts';
import { toChunk, toCompletion, type Completion } from './completion.ts';
import { eventData } from './event-data.ts';
import { FailureError } from './upstream-failure.ts';

/** The same limit as for an answer that is not streamed, see pool-fetch.ts. */
const maxTextLength = 1024 * 1024;
/**
 * How long an upstream may take to end the body after its last event. Otherwise the connection is closed and not
 * reused.
 */
const endsWithinMs = 1_000;

type Events = AsyncGenerator<string>;

/**
 * Reads a streamed chat completion.
 * @param onText receives each piece as it arrives
 * @throws {FailureError} when it is not a completion, or was cut off: it has neither a finish reason nor `[DONE]`
 */
export async function readStreamed(
  response: Response,
  requestedModel: string,
  onText: (text: string) => void,
): Promise<Completion> {
  if (!isEventStream(response)) {
    // An upstream that does not support streaming sends the whole answer.
    const completion = toCompletion(await orUnavailable(response.json()), requestedModel);
    onText(completion.text);
    return completion;
  }
  const events: Events = eventData(response.body ?? new ReadableStream());
  try {
    const completion = await readAll(events, requestedModel, onText);
    void drainBriefly(events);
    return completion;
  } catch (error) {
    close(events);
    throw error;
  }
}

async function readAll(
  events: Events,
  requestedModel: string,
  onText: (text: string) => void,
): Promise<Completion> {
  let text = '';
  let finishReason: string | null = null;
  let model = requestedModel;
  let usage = noUsage;
  const completion = () => ({ text: text.toWellFormed(), finishReason, model, usage });
  for (;;) {
    const next = await orUnavailable(events.next()).catch((error: unknown) => {
      // After the finish reason the text is complete, so a later fault does not discard it.
      if (finishReason === null) throw error;
      return null;
    });
    if (!next || next.value === '[DONE]') return completion();
    if (next.done) {
      if (finishReason === null) throw unavailable(new Error('the answer was cut off'));
      return completion();
    }
    const chunk = toChunk(parseJson(next.value));
    text += chunk.text;
    finishReason = chunk.finishReason ?? finishReason;
    model = chunk.model ?? model;
    usage = chunk.usage ?? usage;
    if (text.length > maxTextLength) throw unavailable(new Error('the answer is too large'));
    if (chunk.text !== '') onText(chunk.text);
  }
}

function isEventStream({ headers }: Response): boolean {
  return headers.get('content-type')?.startsWith('text/event-stream') === true;
}

/** A fault while an answer is read is the upstream's: the connection was lost, or the answer is not JSON. */
async function orUnavailable<Answer>(reading: Promise<Answer>): Promise<Answer> {
  try {
    return await reading;
  } catch (cause) {
    throw unavailable(cause);
  }
}

function parseJson(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch (cause) {
    throw unavailable(cause);
  }
}

function unavailable(cause: unknown): FailureError {
  return new FailureError({ code: 'upstream_unavailable', upstream: null }, cause);
}

/** Reads the rest of the body, which usually ends immediately, so that the connection can be reused. */
async function drainBriefly(events: Events): Promise<void> {
  const end = (async () => {
    for await (const _ of events);
  })().catch(() => undefined); // The answer is complete, so a fault of the connection does not matter.
  await Promise.race([end, delay(endsWithinMs)]);
  close(events);
}

/** Closes the connection if the body is not at its end. */
function close(events: Events): void {
  events.return(undefined).catch(() => undefined); // The connection may already be lost.
}
