import type { Options } from './options.ts';
import type { Row } from './row.ts';
import { plainRedisCutOff, plainWorkerKills } from './baseline.ts';
import { workerKills } from './rows/01-worker-kills.ts';
import { boundaryKills } from './rows/02-boundaries.ts';
import { rollingRestart } from './rows/03-rolling-restart.ts';
import { redisRestarts } from './rows/04-redis-restarts.ts';
import { redisCutOff } from './rows/05-redis-cut-off.ts';
import { stoppedWorker } from './rows/06-stopped-worker.ts';
import { poison } from './rows/07-poison.ts';
import { blockedLoop } from './rows/08-blocked-loop.ts';
import { upstreamFaults } from './rows/09-upstream-faults.ts';
import { cancellations } from './rows/10-cancellations.ts';
import { redisFull } from './rows/11-redis-full.ts';
import { endurance } from './rows/12-endurance.ts';

/** Rows of one lane run in turn, and the lanes side by side: one that computes, one that mostly waits, one that lasts. */
const busy: Row[] = [workerKills, rollingRestart, redisRestarts, upstreamFaults, cancellations];
const waiting: Row[] = [poison, boundaryKills, redisCutOff, stoppedWorker, blockedLoop, redisFull];
const short = new Set([1, 2, 3, 4, 7, 9, 10]);

export function lanesOf({ only, isShort, isBaseline }: Options): Row[][] {
  if (isBaseline) return [[plainWorkerKills], [plainRedisCutOff]];
  const wanted = ({ number }: Row) =>
    only ? only.includes(number) : !isShort || short.has(number);
  return [busy, waiting, [endurance]].map((lane) => lane.filter(wanted)).filter((lane) => lane.length > 0);
}
