import type { Call } from './call.ts';
import { callError } from './call-error.ts';
import type { Deadline } from './deadline.ts';

/**
 * Yields the body of a response as text, chunk by chunk. The deadline applies to each chunk. Ending the loop early
 * closes the connection.
 * @throws {PromptQError} if the connection breaks @throws the signal's reason
 */
export async function* readChunks(
  response: Response,
  deadline: Deadline,
  call: Call,
): AsyncGenerator<string, void> {
  const reader = response.body?.getReader();
  // Not `fatal`: the caller's JSON parser reports bytes that are not UTF-8.
  const decoder = new TextDecoder();
  try {
    for (;;) {
      deadline.restart();
      const chunk = await reader?.read();
      deadline.pause();
      if (chunk === undefined || chunk.done) break;
      const text = decoder.decode(chunk.value, { stream: true });
      if (text !== '') yield text;
    }
  } catch (error) {
    throw callError(error, call, deadline);
  } finally {
    deadline.clear();
    // Closes the connection if the loop ended early. On a broken connection this fails, and the error is known already.
    await reader?.cancel().catch(() => {});
  }
}
