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
import { webhookKills } from './rows/13-webhook-kills.ts';
import { lostReplies } from './rows/14-lost-replies.ts';
import { scriptFlush } from './rows/15-script-flush.ts';
import { forgetfulFailover } from './rows/16-forgetful-failover.ts';
import { dataVersion } from './rows/17-data-version.ts';
import { removedJobs } from './rows/18-removed-jobs.ts';
import { leastRights } from './rows/19-least-rights.ts';

/** Rows of one lane run in turn, and the lanes side by side: one that computes, one that mostly waits, one that lasts. */
const lanes: Row[][] = [
  [
    workerKills,
    rollingRestart,
    redisRestarts,
    upstreamFaults,
    cancellations,
    webhookKills,
    lostReplies,
    scriptFlush,
    forgetfulFailover,
  ],
  [
    poison,
    boundaryKills,
    redisCutOff,
    stoppedWorker,
    blockedLoop,
    redisFull,
    dataVersion,
    removedJobs,
    leastRights,
  ],
  [endurance],
];
/** The rows that `pnpm test` can afford, beside each other: most of the time passes with waiting for locks to run out. */
const shortLanes: Row[][] = [
  [workerKills, rollingRestart],
  [boundaryKills, redisRestarts, lostReplies, scriptFlush],
  [poison],
  [upstreamFaults, cancellations],
];
const baselineLanes: Row[][] = [[plainWorkerKills, plainRedisCutOff]];

export function lanesOf({ only, isShort, isBaseline }: Options): Row[][] {
  const all = isBaseline ? baselineLanes : isShort ? shortLanes : lanes;
  return all
    .map((lane) => lane.filter(({ number }) => only?.includes(number) ?? true))
    .filter((lane) => lane.length > 0);
}
