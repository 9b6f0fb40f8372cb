import type { Store } from '@promptq/store';

const intervalMs = 1_000;
/** Without an answer for this long, Redis counts as away. */
const silenceMs = 20_000;

export interface Heartbeat {
  /** Whether Redis is connected and has answered lately. */
  isAlive(): boolean;
  stop(): void;
}

/** Asks Redis every second whether it is there: a connection can be open and carry nothing. */
export function startHeartbeat(store: Pick<Store, 'isReady' | 'ping'>): Heartbeat {
  let answeredAtMs = Date.now();
  let isAsking = false;
  const timer = setInterval(() => {
    if (isAsking) return;
    isAsking = true;
    store
      .ping()
      .then(
        () => {
          answeredAtMs = Date.now();
        },
        () => undefined, // The store has logged the outage.
      )
      .finally(() => {
        isAsking = false;
      });
  }, intervalMs);
  return {
    isAlive: () => store.isReady() && Date.now() - answeredAtMs < silenceMs,
    stop: () => clearInterval(timer),
  };
}
