/** The time limit of one request, combined with the caller's signal. */
export interface Deadline {
  /** Aborted when the time is up or when the caller's signal is aborted. */
  signal: AbortSignal;
  /** Whether the time was up. */
  hasExpired(): boolean;
  /** Starts the full time again, because data has arrived. */
  restart(): void;
  /** Stops the clock until `restart`, while the consumer handles the data. */
  pause(): void;
  /** Releases the timer and the caller's signal. Call it once, when the request has ended. */
  clear(): void;
}

/**
 * Starts a deadline with a controller of its own. `AbortSignal.any` would leak memory at a long-lived caller signal
 * with each request (nodejs/node 54614).
 */
export function startDeadline(timeoutMs: number, caller: AbortSignal | undefined): Deadline {
  const controller = new AbortController();
  let hasExpired = false;
  const onAbort = () => controller.abort(caller?.reason);
  const onTimeout = () => {
    hasExpired = true;
    controller.abort();
  };
  let timer = setTimeout(onTimeout, timeoutMs);
  if (caller?.aborted) onAbort();
  else caller?.addEventListener('abort', onAbort);
  return {
    signal: controller.signal,
    hasExpired: () => hasExpired,
    restart: () => {
      clearTimeout(timer);
      timer = setTimeout(onTimeout, timeoutMs);
    },
    pause: () => clearTimeout(timer),
    clear: () => {
      clearTimeout(timer);
      caller?.removeEventListener('abort', onAbort);
    },
  };
}
