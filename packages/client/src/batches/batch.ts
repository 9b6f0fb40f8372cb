import type { SubmissionRequest } from '@promptq/shared/contracts';
import type { Job } from '../jobs/job.ts';

/** One request of a batch: a submission with a name of its own. */
export type BatchRequest = SubmissionRequest & { custom_id: string };

export interface Batch {
  id: string;
  object: 'batch';
  status: string;
  request_counts: {
    total: number;
    completed: number;
    failed: number;
  };
  created_at: string;
  finished_at: string | null;
}

export interface BatchResult {
  custom_id: string;
  job: Job;
}
