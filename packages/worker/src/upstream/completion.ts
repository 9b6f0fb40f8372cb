import { z } from 'zod';
import type { Usage } from '@promptq/shared/contracts';
import { FailureError } from './upstream-failure.ts';

const maxTokens = 1_000_000_000;

/** A count of tokens; an invalid count becomes 0. A wrong count is no reason to discard an answer that was paid for. */
const tokensSchema = z
  .number()
  .transform((tokens) => Math.max(0, Math.min(maxTokens, Math.round(tokens))))
  .catch(0);

const usageSchema = z
  .object({
    prompt_tokens: tokensSchema,
    completion_tokens: tokensSchema,
    total_tokens: tokensSchema,
  })
  .nullish()
  .catch(null);

const saidSchema = z.object({ content: z.string().nullish(), refusal: z.string().nullish() });

/** The part of an answer that promptq uses. Compatible upstreams differ in the rest. */
const completionSchema = z.object({
  model: z.string().optional(),
  choices: z.array(z.object({ message: saidSchema, finish_reason: z.string().nullish() })).min(1),
  usage: usageSchema,
});

/** A chunk of a streamed answer. The last chunk has the usage and no choices. A chunk with an error is invalid. */
const chunkSchema = z.object({
  error: z.null().optional(),
  model: z.string().optional(),
  choices: z
    .array(
      z.object({ delta: saidSchema.nullish().catch(null), finish_reason: z.string().nullish() }),
    )
    .nullish(),
  usage: usageSchema,
});

export interface Completion {
  text: string;
  finishReason: string | null;
  model: string;
  usage: Usage;
}

/** Parses an answer of the upstream. @throws {FailureError} when it is not a completion */
export function toCompletion(answer: unknown, requestedModel: string): Completion {
  const { model, choices, usage } = parse(completionSchema, answer);
  const [choice] = choices;
  return {
    text: textOf(choice?.message).toWellFormed(),
    finishReason: choice?.finish_reason ?? null,
    model: model ?? requestedModel,
    usage: toUsage(usage),
  };
}

/** What a chunk adds to a streamed answer. A member is `undefined` when the chunk does not have it. */
export function toChunk(answer: unknown): {
  text: string;
  finishReason: string | undefined;
  model: string | undefined;
  usage: Usage | undefined;
} {
  const { model, choices, usage } = parse(chunkSchema, answer);
  const choice = choices?.[0];
  return {
    text: textOf(choice?.delta),
    finishReason: choice?.finish_reason ?? undefined,
    model,
    usage: usage ? toUsage(usage) : undefined,
  };
}

function parse<Schema extends z.ZodType>(schema: Schema, answer: unknown): z.output<Schema> {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  throw new FailureError({ code: 'upstream_unavailable', upstream: null }, parsed.error);
}

function textOf(said: z.output<typeof saidSchema> | null | undefined): string {
  return said?.content ?? said?.refusal ?? '';
}

function toUsage(usage: z.output<typeof usageSchema>): Usage {
  const { prompt_tokens: input = 0, completion_tokens: output = 0 } = usage ?? {};
  return {
    input_tokens: input,
    output_tokens: output,
    total_tokens: usage?.total_tokens || input + output,
  };
}
