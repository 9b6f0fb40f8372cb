import { setTimeout as delay } from 'node:timers/promises';
import type { Response } from 'express';
import { isTerminal } from '@promptq/shared/contracts';
import { standingOf, type JobRecord } from '@promptq/shared/queues';
import { redisUnavailable } from '../http/from-redis.ts';
import { Problem } from '../http/problem.ts';
import { openEar } from './ear.ts';
import type { Live } from './open-live.ts';

/** A silent connection is given up after 2 s (see connect.ts), and opened anew in another. */
const connectionIsBackMs = 3_000;
const askAgainMs = 250;

interface Wait {
  live: Live;
  jobId: string;
  seconds: number;
  /** Reads the job. */
  read: () => Promise<JobRecord>;
  /** The answer that is owed; when the client leaves, its place is free at once. */
  res: Pick<Response, 'once' | 'closed'>;
}

/** The job as it is now, and whether the wait lasted as long as was asked for. */
export interface Waited {
  record: JobRecord;
  isHonoured: boolean;
}

/**
 * Waits until a job has ended, for so many seconds at most, or until the process stops.
 * @returns `null` when the client has left
 * @throws {Problem} `redis_unavailable` when Redis is away, also in the middle of the wait; what `read` throws
 */
export async function waitForEnd({
  live,
  jobId,
  seconds,
  read,
  res,
}: Wait): Promise<Waited | null> {
  const endsAtMs = performance.now() + seconds * 1_000;
  // Most are asked for again when they have ended long ago: nobody has to listen for that.
  const first = await read();
  if (seconds === 0 || isTerminal(standingOf(first, Date.now()).status)) {
    return { record: first, isHonoured: true };
  }
  const ear = await openEar(live, jobId, { tokens: false }, res);
  try {
    for (;;) {
      const isOver = performance.now() >= endsAtMs;
      const isStopping = ear.isStopping();
      const record = await onceMore(read);
      if (ear.isGone()) return null;
      const nowMs = Date.now();
      if (isOver || isTerminal(standingOf(record, nowMs).status))
        return { record, isHonoured: true };
      if (isStopping) return { record, isHonoured: false };
      // A job that may not start any more is expired by the clock: nothing is published then.
      const expiresInMs = record.startedAtMs === null ? record.startByMs + 1 - nowMs : Infinity;
      const news = await ear.next(Math.min(endsAtMs - performance.now(), expiresInMs));
      if (news.has('lost')) throw redisUnavailable();
    }
  } finally {
    ear.close();
  }
}

/**
 * Reads, and again for a moment when Redis does not answer: after a lost connection the one for news may be back
 * before the one for reading.
 */
async function onceMore(read: () => Promise<JobRecord>): Promise<JobRecord> {
  const giveUpAtMs = performance.now() + connectionIsBackMs;
  for (;;) {
    try {
      return await read();
    } catch (error) {
      const isAway = error instanceof Problem && error.code === 'redis_unavailable';
      if (!isAway || performance.now() > giveUpAtMs) throw error;
      await delay(askAgainMs);
    }
  }
}
