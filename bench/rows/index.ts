import type { Experiment } from '../experiment.ts';
import { idleLatency } from './idle-latency.ts';
import { inFlight } from './in-flight.ts';
import { load } from './load.ts';
import { loopDelay } from './loop-delay.ts';
import { memory } from './memory.ts';
import { polling } from './polling.ts';
import { scaling } from './scaling.ts';
import { settlement } from './settlement.ts';
import { submissions } from './submissions.ts';
import { tenants } from './tenants.ts';

/** All of them, in the order of the table. */
export const experiments: Experiment[] = [
  load,
  submissions,
  idleLatency,
  inFlight,
  memory,
  settlement,
  loopDelay,
  scaling,
  polling,
  tenants,
];
