import type { ConsumersNeeds } from '@promptq/worker/consumers';

/** Kills this process without a word. */
export function die(): void {
  process.kill(process.pid, 'SIGKILL');
}

/** Returns a client for the mock upstream that uses the built-in `fetch`. */
export function upstreamCall(baseUrl: string, apiKey: string): ConsumersNeeds['complete'] {
  return async (request, { signal, idempotencyKey }) => {
    const response = await fetch(`${baseUrl}/chat/completions`, {
      method: 'POST',
      signal,
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${apiKey}`,
        'idempotency-key': idempotencyKey,
      },
      body: JSON.stringify(request),
    });
    const body = (await response.json()) as { choices: { message: { content: string } }[] };
    return {
      text: body.choices[0]?.message.content ?? '',
      finishReason: 'stop',
      model: request.model,
      usage: { input_tokens: 1, output_tokens: 1, total_tokens: 2 },
    };
  };
}
