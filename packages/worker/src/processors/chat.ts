import type OpenAI from 'openai';
import { chatDataSchema } from '@promptq/shared/queues';
import type { Processor } from '../execution/run-job.ts';
import type { Complete } from '../upstream/complete.ts';

/** A chat job is one call. */
export function chatProcessor(complete: Complete): Processor {
  return async (data, { jobId, signal }) => {
    const { input } = chatDataSchema.parse(data);
    const completion = await complete(
      {
        model: input.model,
        // The schema is the OpenAI API's; its type has one member for each combination of role and part.
        messages: (input.messages ?? [
          { role: 'user', content: input.message },
        ]) as OpenAI.ChatCompletionMessageParam[],
        temperature: input.temperature,
        max_tokens: input.max_tokens,
        response_format: input.response_format,
      },
      { signal, idempotencyKey: `${jobId}-chat` },
    );
    return {
      output: {
        response: completion.text,
        finish_reason: completion.finishReason,
        model: completion.model,
      },
      usage: completion.usage,
    };
  };
}
