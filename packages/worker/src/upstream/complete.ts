import type OpenAI from 'openai';
import { toCompletion, type Completion } from './completion.ts';
import { readStreamed } from './read-streamed.ts';

interface CallOptions {
  signal: AbortSignal;
  /** The same for every try of one call, so that an upstream that knows it does not do the work twice. */
  idempotencyKey: string;
  /** Asks for a streamed answer, and takes each piece as it comes. Their sum is the text of the completion. */
  onText?: (text: string) => void;
}

/** One call to the upstream, as the processors need it. */
export type Complete = (
  request: OpenAI.ChatCompletionCreateParamsNonStreaming,
  options: CallOptions,
) => Promise<Completion>;

/**
 * Chat completions over the client.
 * @throws openai's errors, a SyntaxError (no JSON) or a FailureError (JSON of another shape, or a streamed answer
 * that was cut off): see `failureOf`
 */
export function completions(client: OpenAI): Complete {
  return async (request, { signal, idempotencyKey, onText }) => {
    const options = { signal, headers: { 'Idempotency-Key': idempotencyKey } };
    if (!onText) {
      const answer: unknown = await client.chat.completions.create(request, options);
      return toCompletion(answer, request.model);
    }
    const response = await client.chat.completions
      .create({ ...request, stream: true, stream_options: { include_usage: true } }, options)
      .asResponse();
    return readStreamed(response, request.model, onText);
  };
}
