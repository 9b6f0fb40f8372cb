import type { AuditEvent, JobStatus, JobType } from '@promptq/shared/contracts';

/** A filter for jobs. Times are RFC 3339. */
export interface JobsQuery {
  status?: JobStatus;
  type?: JobType;
  created_after?: string;
  created_before?: string;
  /** The size of a page, 1 to 100. The loop goes through all pages. */
  limit?: number;
  /** Starts after the job with this id, or after a page with this `last_id`. */
  after?: string;
}

/** A filter for audit events. Times are RFC 3339. */
export interface AuditQuery {
  job_id?: string;
  user_id?: string;
  type?: AuditEvent['type'] | JobType;
  since?: string;
  until?: string;
  /** The size of a page, 1 to 100. The loop goes through all pages. */
  limit?: number;
  /** Starts after the event with this id, or after a page with this `last_id`. */
  after?: string;
}
