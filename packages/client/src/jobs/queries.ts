import type { AuditEvent, JobStatus, JobType } from '@promptq/shared/contracts';

/** Which jobs a list has. Times are RFC 3339. */
export interface JobsQuery {
  status?: JobStatus;
  type?: JobType;
  created_after?: string;
  created_before?: string;
  /** Of one page, 1 to 100; the loop goes on through all pages. */
  limit?: number;
  /** Begins after this job, or where a page ended: its `last_id`. */
  after?: string;
}

/** Which audit events a list has. Times are RFC 3339. */
export interface AuditQuery {
  job_id?: string;
  user_id?: string;
  type?: AuditEvent['type'] | JobType;
  since?: string;
  until?: string;
  /** Of one page, 1 to 100; the loop goes on through all pages. */
  limit?: number;
  /** Begins after this event, or where a page ended: its `last_id`. */
  after?: string;
}
