import { fromRedis } from '../http/from-redis.ts';
import type { Live, News } from './open-live.ts';

/** News of one job for one client, kept until it is asked for. `gone`: the client has left. */
export interface Ear {
  /** What has come since it was last asked for, once there is something or `ms` have passed. */
  next(ms: number): Promise<ReadonlySet<News | 'gone'>>;
  isStopping(): boolean;
  isGone(): boolean;
  /** Frees the place. */
  close(): void;
}

/** The answer that is owed to a client. */
export interface Client {
  once(event: 'close', listener: () => void): unknown;
  /** Whether the client has left, or has its answer. */
  readonly closed: boolean;
}

/** A timer of Node.js cannot wait for longer. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * Begins to hear of a job: read it afterwards, not before.
 * @param client whose leaving is news as well
 * @throws {Problem} `redis_unavailable`
 */
export async function openEar(
  live: Live,
  jobId: string,
  of: { tokens: boolean },
  client: Client,
): Promise<Ear> {
  let come = new Set<News | 'gone'>();
  let ring: (() => void) | null = null;
  let isStopping = false;
  const add = (news: News | 'gone') => {
    come.add(news);
    if (news === 'stopping') isStopping = true;
    ring?.();
  };
  const leave = await live.inTurn(() => fromRedis(live.hear(jobId, of, add)));
  const close = () => leave();
  client.once('close', () => {
    close();
    add('gone');
  });
  if (client.closed) close();
  return {
    isStopping: () => isStopping,
    isGone: () => client.closed,
    close,
    next: async (ms) => {
      if (come.size === 0 && !client.closed) {
        const { promise, resolve } = Promise.withResolvers<void>();
        ring = resolve;
        const timer = setTimeout(resolve, Math.min(Math.max(0, ms), longestTimerMs));
        await promise;
        clearTimeout(timer);
        ring = null;
      }
      const news = come;
      come = new Set();
      return news;
    },
  };
}
