import type { AbortCause } from './outcome.ts';

/** One run of a processor: its signal, and the ways to abort it. */
export interface Attempt {
  signal: AbortSignal;
  /** The cause of the abort, or `null`. */
  cause(): AbortCause | null;
  abort(cause: AbortCause): void;
  /** Releases the timer. */
  end(): void;
}

/**
 * Begins an attempt that is aborted by its timeout or by `abort`. Each attempt has one controller, because
 * `AbortSignal.any` leaks in long-lived processes (nodejs/node issue 54614).
 */
export function beginAttempt(timeoutSeconds: number): Attempt {
  const controller = new AbortController();
  const abort = (cause: AbortCause) => controller.abort(cause);
  const timer = setTimeout(() => abort({ kind: 'timeout' }), timeoutSeconds * 1_000);
  return {
    signal: controller.signal,
    cause: () => (controller.signal.aborted ? (controller.signal.reason as AbortCause) : null),
    abort,
    end: () => clearTimeout(timer),
  };
}
