import type { Options } from './options.ts';
import type { Row } from './row.ts';
import { workerKills } from './rows/01-worker-kills.ts';
import { boundaryKills } from './rows/02-boundaries.ts';
import { rollingRestart } from './rows/03-rolling-restart.ts';
import { redisRestarts } from './rows/04-redis-restarts.ts';
import { poison } from './rows/07-poison.ts';
import { cancellations } from './rows/10-cancellations.ts';

/** Rows of one lane run in turn, and the lanes side by side: one that computes, one that mostly waits. */
const busy: Row[] = [workerKills, rollingRestart, redisRestarts, cancellations];
const waiting: Row[] = [poison, boundaryKills];
const short = new Set([1, 2, 3, 4, 7, 9, 10]);

export function lanesOf({ only, isShort }: Options): Row[][] {
  const wanted = ({ number }: Row) =>
    only ? only.includes(number) : !isShort || short.has(number);
  return [busy, waiting].map((lane) => lane.filter(wanted)).filter((lane) => lane.length > 0);
}
