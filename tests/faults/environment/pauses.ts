import type { Redis } from 'ioredis';
import { pausedMark } from '#packages/store/src/queues/pause-pool.ts';
import type { Environment } from './environment.ts';

/** Redis arguments with which `watchPauses` receives the events of its keys. */
export const notifyingRedis = ['--notify-keyspace-events', 'KA'] as const;

export interface PauseWatch {
  /** The durations that Redis was given for pauses, in order. A pause that is on and is made longer is another entry. */
  recordedMs: number[];
  /** How often a job was fetched. */
  fetched: number;
  /** How often a job was fetched between the start of a pause and its end. */
  fetchedWhilePaused: number;
  stop(): void;
}

/**
 * Watches the pool pauses of one queue as Redis sees them. Redis publishes the start of a pause, its expiry and each
 * fetch in the order in which it executed them, so the order does not depend on how fast any process is.
 * @param onPauseEnd called when Redis has expired a pause
 */
export async function watchPauses(
  { redis, prefix }: Pick<Environment, 'redis' | 'prefix'>,
  queue: string,
  onPauseEnd: () => void,
): Promise<PauseWatch> {
  const [limiter, active] = [`${prefix}:${queue}:limiter`, `${prefix}:${queue}:active`];
  const channelOf = (key: string) => `__keyspace@0__:${key}`;
  const subscriber: Redis = redis.duplicate();
  const monitor = await redis.monitor();
  let isPaused = false;
  const watch: PauseWatch = {
    recordedMs: [],
    fetched: 0,
    fetchedWhilePaused: 0,
    stop: () => {
      subscriber.disconnect();
      monitor.disconnect();
    },
  };
  monitor.on('monitor', (_time: string, [name = '', key, value, , ms]: string[]) => {
    const isPause = name.toUpperCase() === 'SET' && key === limiter && value === pausedMark;
    if (isPause) watch.recordedMs.push(Number(ms));
  });
  subscriber.on('message', (channel: string, event: string) => {
    if (channel === channelOf(active) && event === 'lpush') {
      watch.fetched += 1;
      if (isPaused) watch.fetchedWhilePaused += 1;
    }
    if (channel !== channelOf(limiter)) return;
    // BullMQ counts fetches in the same key when there is no pause. It never uses SET for that.
    if (event === 'set') isPaused = true;
    if (isPaused && (event === 'expired' || event === 'del')) {
      isPaused = false;
      onPauseEnd();
    }
  });
  await subscriber.subscribe(channelOf(limiter), channelOf(active));
  return watch;
}
