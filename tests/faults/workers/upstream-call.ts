import type { RunWorkerDeps } from '@promptq/worker/run-worker';

/** The end of this process by the operating system, with nothing said. */
export function die(): void {
  process.kill(process.pid, 'SIGKILL');
}

/** A call to the mock upstream as a processor needs it, with the built-in fetch. */
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
