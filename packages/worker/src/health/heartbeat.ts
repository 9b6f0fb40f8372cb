import { describeError, type Logger } from '@promptq/shared/logging';
import type { Store } from '@promptq/store';

const intervalMs = 1_000;
/** Redis counts as unreachable when it has not answered for this long. */
const silenceMs = 20_000;

export interface Heartbeat {
  /** Whether Redis is connected and has answered recently. */
  isAlive(this: void): boolean;
  stop(): void;
}

/** Pings Redis every second, because an open connection may be dead. */
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
