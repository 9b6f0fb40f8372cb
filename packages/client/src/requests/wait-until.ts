import { PromptQError } from '../promptq-error.ts';
import { pollAfterMs } from './retry-after.ts';
import { sleep } from './sleep.ts';

/** The longest that the API holds a request (contract, "Limits"). */
const longestWaitSeconds = 60;

const defaultPollMs = 500;

export interface WaitOptions {
  /** How long in all, in milliseconds. Default: until it ends. */
  timeoutMs?: number;
  signal?: AbortSignal;
}

/**
 * Asks again and again until `isEnd`. The API holds each request for up to `waitSeconds`; when it answers
 * sooner (it is stopping, or does not wait), the next one comes when its headers say.
 * @throws {PromptQError} `wait_timeout`
 */
export async function waitUntil<Body>(
  what: string,
  ask: (waitSeconds: number) => Promise<{ body: Body; headers: Headers }>,
  isEnd: (body: Body) => boolean,
  { timeoutMs = Infinity, signal }: WaitOptions,
): Promise<Body> {
  const endsAtMs = Date.now() + timeoutMs;
  for (;;) {
    const askedAtMs = Date.now();
    const leftMs = Math.max(0, endsAtMs - askedAtMs);
    const waitSeconds = Math.min(longestWaitSeconds, Math.floor(leftMs / 1_000));
    const { body, headers } = await ask(waitSeconds);
    if (isEnd(body)) return body;
    const nowMs = Date.now();
    if (nowMs >= endsAtMs) {
      throw new PromptQError({
        code: 'wait_timeout',
        detail: `${what} has not ended within ${timeoutMs} ms. It goes on; wait again or poll.`,
      });
    }
    const wasHeld = nowMs - askedAtMs >= (waitSeconds - 1) * 1_000 && waitSeconds > 1;
    if (wasHeld) continue;
    const pauseMs = Math.max(50, pollAfterMs(headers, nowMs) ?? defaultPollMs);
    await sleep(Math.min(pauseMs, endsAtMs - nowMs), signal);
  }
}
