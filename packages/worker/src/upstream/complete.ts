import type OpenAI from 'openai';
import type { Call } from './call.ts';
import { toCompletion, type Completion } from './completion.ts';
import { readStreamed } from './read-streamed.ts';

interface CallOptions {
  signal: AbortSignal;
  /** The same for every attempt of a call, so that an upstream that supports it does not do the work twice. */
  idempotencyKey: string;
  /** Requests a streamed answer and receives each piece. Together the pieces are the text of the completion. */
  onText?: (text: string) => void;
}

/** One call to the upstream, as the processors need it. */
export type Complete = (
  request: OpenAI.ChatCompletionCreateParamsNonStreaming,
  options: CallOptions,
) => Promise<Completion>;

/**
 * Makes chat completions: streamed ones over the client, others directly over its pool.
 * @throws openai's errors, a SyntaxError (the answer is not JSON) or a FailureError (the JSON has another shape, or a
 *   streamed
 * answer was cut off): see `failureOf`
 */
export function completions({ client, call }: { client: OpenAI; call: Call }): Complete {
  return async (request, { signal, idempotencyKey, onText }) => {
    const options = { signal, headers: { 'Idempotency-Key': idempotencyKey } };
    if (!onText) {
      return toCompletion(await call(request, options), request.model);
    }
    const response = await client.chat.completions
      .create({ ...request, stream: true, stream_options: { include_usage: true } }, options)
      .asResponse();
    return readStreamed(response, request.model, onText);
  };
}
