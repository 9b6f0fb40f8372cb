import { defaultStartWithinSeconds, defaultTenant } from '@promptq/shared/contracts';
import type { JobData } from '@promptq/shared/jobs';

/** The name of the backoff between attempts; the worker's `backoffStrategy` gives the times. */
const backoff = { type: 'retry' };

/** The options that BullMQ stores with a job, in the short form of its scripts. */
export interface BullmqOptions {
  attempts: number;
  backoff: { type: string };
  /** Milliseconds. */
  delay?: number;
  /** Seconds within which the job must start, unless it is the default: see deadline.lua. */
  within?: number;
  /** The owner, unless it is the default tenant: see find.lua. */
  tenant?: string;
  /** The trace that the job was submitted in. */
  tm?: string;
}

/** @param trace the job's trace in the form that BullMQ stores */
export function bullmqOptions(
  data: Pick<JobData, 'tenant' | 'start_within_seconds'>,
  {
    maxAttempts,
    delayMs,
    trace,
  }: { maxAttempts: number; delayMs: number; trace?: string | undefined },
): BullmqOptions {
  return {
    attempts: maxAttempts,
    backoff,
    ...(delayMs > 0 ? { delay: delayMs } : {}),
    ...(data.start_within_seconds === defaultStartWithinSeconds
      ? {}
      : { within: data.start_within_seconds }),
    ...(data.tenant === defaultTenant ? {} : { tenant: data.tenant }),
    ...(trace === undefined ? {} : { tm: trace }),
  };
}
