import { PromptQError } from './promptq-error.ts';
import { pollAfterMs } from './retry-after.ts';
import { sleep } from './sleep.ts';

/** The API holds a request for at most a minute. */
const maxWaitSeconds = 60;

const defaultPollMs = 500;
const minPollMs = 50;

/** Options of a wait. */
export interface WaitOptions {
  /** The time limit of the whole wait, in milliseconds. Default: none. */
  timeoutMs?: number;
  signal?: AbortSignal;
}

/**
 * Polls until `isFinished`. The API holds each request for up to `waitSeconds`. If it responds sooner, because it is
 * stopping or does not hold requests, the next poll comes after the pause that its headers ask for.
 * @param path names the job or the batch in the error
 * @throws {PromptQError} `wait_timeout` after `timeoutMs`
 */
export async function waitUntil<Body>(
  path: string,
  poll: (waitSeconds: number) => Promise<{ body: Body; headers: Headers }>,
  isFinished: (body: Body) => boolean,
  { timeoutMs = Infinity, signal }: WaitOptions,
): Promise<Body> {
  const deadlineMs = Date.now() + timeoutMs;
  for (;;) {
    const polledAtMs = Date.now();
    const leftMs = Math.max(0, deadlineMs - polledAtMs);
    const waitSeconds = Math.min(maxWaitSeconds, Math.floor(leftMs / 1_000));
    const { body, headers } = await poll(waitSeconds);
    if (isFinished(body)) return body;
    const nowMs = Date.now();
    if (nowMs >= deadlineMs) {
      throw new PromptQError({
        code: 'wait_timeout',
        detail: `${path} has not finished within ${timeoutMs} ms. It continues on the server: wait again or poll.`,
      });
    }
    const wasHeld = nowMs - polledAtMs >= (waitSeconds - 1) * 1_000 && waitSeconds > 1;
    if (wasHeld) continue;
    const pauseMs = Math.max(minPollMs, pollAfterMs(headers, nowMs) ?? defaultPollMs);
    await sleep(Math.min(pauseMs, deadlineMs - nowMs), signal);
  }
}
