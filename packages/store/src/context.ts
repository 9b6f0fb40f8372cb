import type { Redis } from 'ioredis';
import type { JobType } from '@promptq/shared/contracts';
import type { Logger } from '@promptq/shared/logging';
import type { WaitingJobFinisher } from './jobs/finished-job.ts';
import type { StoreKeys } from './keys.ts';
import type { QueueRegistry } from './queues/registry.ts';

/** How a job ended. Over all processes, each job is reported once. */
export interface FinishedJob {
  jobId: string;
  type: JobType;
  status: 'completed' | 'failed' | 'cancelled' | 'expired';
  /** The batch that this job ended; `null` when it ended none. */
  endedBatch: string | null;
}

/** What every verb of the store works with. */
export interface StoreContext {
  redis: Redis;
  keys: StoreKeys;
  prefix: string;
  queues: QueueRegistry;
  backendOf: (queue: string) => WaitingJobFinisher;
  log: Logger;
  /** Adds a job within its own span. `trace` is the job's trace in the form that BullMQ stores. */
  traceAdd: <T>(queue: string, type: JobType, add: (trace?: string) => Promise<T>) => Promise<T>;
  /** How long a finished job is kept. */
  resultTtlSeconds: number;
  /** How long an audit event is kept; `null`: this process does not trim the audit stream. */
  auditTtlSeconds: number | null;
  onFinished: (job: FinishedJob) => void;
}
