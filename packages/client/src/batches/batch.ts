import type { SubmissionRequest } from '@promptq/shared/contracts';
import type { Job, TerminalStatus } from '../jobs/job.ts';

/** One request of a batch: a submission with a name of its own. */
export type BatchRequest = SubmissionRequest & { custom_id: string };

/** Many jobs that were submitted at once. */
export interface Batch {
  id: string;
  object: 'batch';
  status: 'in_progress' | 'cancelling' | 'completed' | 'cancelled';
  request_counts: { total: number } & Record<Job['status'], number>;
  metadata: Record<string, string>;
  created_at: string;
  finished_at: string | null;
  /** The finished batch and its results are kept until then. */
  expires_at: string | null;
  cancel_requested_at: string | null;
  urls: { self: string; results: string; cancel: string };
}

/** What became of one request. */
export type BatchResult = Pick<Job, 'id' | 'output' | 'error' | 'usage'> & {
  custom_id: string;
  status: TerminalStatus;
};
