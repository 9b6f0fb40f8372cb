import { bareWorker } from './bare-worker.ts';
import { endToEnd } from './end-to-end.ts';
import { idleLatency } from './idle-latency.ts';
import { inFlight } from './in-flight.ts';
import { loopDelay } from './loop-delay.ts';
import { memory } from './memory.ts';
import { polling } from './polling.ts';
import { scaling } from './scaling.ts';
import type { Scenario } from './scenario.ts';
import { submissions } from './submissions.ts';
import { tenants } from './tenants.ts';

/** All scenarios, in the order of the table. */
export const scenarios: Scenario[] = [
  endToEnd,
  submissions,
  idleLatency,
  inFlight,
  memory,
  bareWorker,
  loopDelay,
  scaling,
  polling,
  tenants,
];
