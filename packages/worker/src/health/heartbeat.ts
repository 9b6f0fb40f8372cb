import { describeError, type Logger } from '@promptq/shared/logging';
import type { Store } from '@promptq/store';

const intervalMs = 1_000;
/** Without an answer for this long, Redis counts as away. */
const silenceMs = 20_000;

export interface Heartbeat {
  /** Whether Redis is connected and has answered lately. */
  isAlive(this: void): boolean;
  stop(): void;
}

/** Asks Redis every second whether it is there: a connection can be open and carry nothing. */
export function startHeartbeat(store: Pick<Store, 'isReady' | 'ping'>, log: Logger): Heartbeat {
  let answeredAtMs = Date.now();
  let isAsking = false;
  const ask = async () => {
    if (isAsking) return;
    isAsking = true;
    try {
      await store.ping();
      answeredAtMs = Date.now();
    } catch (error) {
      log.debug({ error: describeError(error) }, 'Redis did not answer a ping');
    } finally {
      isAsking = false;
    }
  };
  const timer = setInterval(() => void ask(), intervalMs);
  return {
    isAlive: () => store.isReady() && Date.now() - answeredAtMs < silenceMs,
    stop: () => clearInterval(timer),
  };
}
