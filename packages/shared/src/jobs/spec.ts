import type { JobType } from '../contracts/index.ts';
import type { JobData } from './record.ts';

/** A job that a client, a batch or a retry asks for. The settings have filled in what the client left out. */
export interface JobSpec {
  type: JobType;
  data: JobData;
  maxAttempts: number;
  delaySeconds: number;
}
