import { defaultStartWithinSeconds, defaultTenant } from '@promptq/shared/contracts';
import type { JobData } from '@promptq/shared/jobs';

/** The name of the backoff between attempts; the worker's `backoffStrategy` gives the times. */
const backoff = { type: 'retry' };

/** What BullMQ keeps of a job besides its data, in the short form that its scripts store. */
export interface BullmqOptions {
  attempts: number;
  backoff: { type: string };
  /** Milliseconds. */
  delay?: number;
  /** Seconds within which the job has to start, unless it is the default: see deadline.lua. */
  within?: number;
  /** Whose job it is, unless it is the default tenant's: see find.lua. */
  tenant?: string;
  /** The trace that the job was submitted in. */
  tm?: string;
}

/** @param trace that the job is submitted in, as BullMQ keeps it */
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
