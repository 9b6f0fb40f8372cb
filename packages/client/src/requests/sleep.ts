/** Resolves after `ms` milliseconds. @throws the signal's reason as soon as the signal is aborted */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (settle: () => void) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      settle();
    };
    // The reason is the caller's own value, so it is passed on unchanged.
    const onAbort = () => end(() => reject(signal?.reason as Error));
    const timer = setTimeout(() => end(resolve), ms);
    if (signal?.aborted) onAbort();
    else signal?.addEventListener('abort', onAbort);
  });
}
