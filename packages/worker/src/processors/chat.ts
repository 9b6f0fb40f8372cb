import type OpenAI from 'openai';
import { chatDataSchema, type ChatData } from '@promptq/shared/jobs';
import type { AttemptContext, Processor } from '../attempts/run-attempt.ts';
import type { Complete } from '../upstream/complete.ts';
import type { OutputWriter } from './output-writer.ts';

interface Deps {
  complete: Complete;
  /** Begins to publish the answer of a streamed job, for its attempt number `attemptsStarted`. */
  publish: (job: { id: string; attemptsStarted: number; timeoutSeconds: number }) => OutputWriter;
}

/** A chat job makes one call. A streamed job publishes its answer while it arrives. */
export function chatProcessor({ complete, publish }: Deps): Processor {
  return async (data, context) => {
    const { input, timeout_seconds: timeoutSeconds } = chatDataSchema.parse(data);
    const { jobId: id, attemptsStarted } = context;
    if (!input.stream) return call(input, context, complete);
    const tokens = publish({ id, attemptsStarted, timeoutSeconds });
    try {
      const result = await call(input, context, complete, (text) => tokens.add(text));
      tokens.finish(result.output.response);
      return result;
    } catch (error) {
      tokens.abandon();
      throw error;
    }
  };
}

async function call(
  input: ChatData['input'],
  { jobId, signal }: AttemptContext,
  complete: Complete,
  onText?: (text: string) => void,
) {
  const completion = await complete(
    {
      model: input.model,
      // The schema matches the OpenAI API, whose type is a union over all combinations of roles and parts.
      messages: (input.messages ?? [
        { role: 'user', content: input.message },
      ]) as OpenAI.ChatCompletionMessageParam[],
      temperature: input.temperature,
      max_tokens: input.max_tokens,
      response_format: input.response_format,
    },
    { signal, idempotencyKey: `${jobId}-chat`, ...(onText ? { onText } : {}) },
  );
  return {
    output: {
      response: completion.text,
      finish_reason: completion.finishReason,
      model: completion.model,
    },
    usage: completion.usage,
  };
}
