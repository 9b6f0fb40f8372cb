/** Ends a request that takes too long, or whose caller has lost interest. */
export interface Deadline {
  /** Aborted by either. */
  signal: AbortSignal;
  /** Whether it was the time. */
  isOver(): boolean;
  /** The whole time again from now: something has arrived. */
  restart(): void;
  /** Stands still until `restart`: what is slow now is the reader. */
  pause(): void;
  /** Lets go of the timer and of the caller's signal; to be called exactly when the request has ended. */
  clear(): void;
}

/**
 * One controller for each request: `AbortSignal.any` would leave something behind at a caller's long-lived signal
 * for each (nodejs/node 54614).
 */
export function startDeadline(timeoutMs: number, caller: AbortSignal | undefined): Deadline {
  const controller = new AbortController();
  let isOver = false;
  const onAbort = () => controller.abort(caller?.reason);
  const onTime = () => {
    isOver = true;
    controller.abort();
  };
  let timer = setTimeout(onTime, timeoutMs);
  if (caller?.aborted) onAbort();
  else caller?.addEventListener('abort', onAbort);
  return {
    signal: controller.signal,
    isOver: () => isOver,
    restart: () => {
      clearTimeout(timer);
      timer = setTimeout(onTime, timeoutMs);
    },
    pause: () => clearTimeout(timer),
    clear: () => {
      clearTimeout(timer);
      caller?.removeEventListener('abort', onAbort);
    },
  };
}
