import type OpenAI from 'openai';
import { z } from 'zod';
import type { Usage } from '@promptq/shared/contracts';
import { FailureError } from './upstream-failure.ts';

const mostTokens = 1_000_000_000;

/** A count of tokens, or 0 for what is none: an answer that is paid for is not thrown away for its bill. */
const tokensSchema = z
  .number()
  .transform((tokens) => Math.max(0, Math.min(mostTokens, Math.round(tokens))))
  .catch(0);

/** As much of an answer as promptq relies on. Compatible upstreams differ in the rest. */
const completionSchema = z.object({
  model: z.string().optional(),
  choices: z
    .array(
      z.object({
        message: z.object({ content: z.string().nullish(), refusal: z.string().nullish() }),
        finish_reason: z.string().nullish(),
      }),
    )
    .min(1),
  usage: z
    .object({
      prompt_tokens: tokensSchema,
      completion_tokens: tokensSchema,
      total_tokens: tokensSchema,
    })
    .nullish()
    .catch(null),
});

interface Completion {
  text: string;
  finishReason: string | null;
  model: string;
  usage: Usage;
}

interface CallOptions {
  signal: AbortSignal;
  /** The same for every try of one call, so that an upstream that knows it does not do the work twice. */
  idempotencyKey: string;
}

const noTokens = { prompt_tokens: 0, completion_tokens: 0 };

/** One call to the upstream, as the processors need it. */
export type Complete = (
  request: OpenAI.ChatCompletionCreateParamsNonStreaming,
  options: CallOptions,
) => Promise<Completion>;

/**
 * Chat completions over the client.
 * @throws openai's errors, a SyntaxError (no JSON) or a FailureError (JSON of another shape): see `failureOf`
 */
export function completions(client: OpenAI): Complete {
  return async (request, { signal, idempotencyKey }) => {
    const answer: unknown = await client.chat.completions.create(request, {
      signal,
      headers: { 'Idempotency-Key': idempotencyKey },
    });
    const parsed = completionSchema.safeParse(answer);
    const choice = parsed.data?.choices[0];
    if (!parsed.success || !choice) {
      throw new FailureError({ code: 'upstream_unavailable', upstream: null }, parsed.error);
    }
    const { model, usage } = parsed.data;
    const { prompt_tokens: input, completion_tokens: output } = usage ?? noTokens;
    return {
      text: (choice.message.content ?? choice.message.refusal ?? '').toWellFormed(),
      finishReason: choice.finish_reason ?? null,
      model: model ?? request.model,
      usage: {
        input_tokens: input,
        output_tokens: output,
        total_tokens: usage?.total_tokens || input + output,
      },
    };
  };
}
