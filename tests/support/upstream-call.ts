import type { RunWorkerDeps } from '@promptq/worker/run-worker';

/** Returns a client for the mock upstream that uses the built-in `fetch`. */
export function upstreamCall(baseUrl: string, apiKey: string): RunWorkerDeps['complete'] {
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
