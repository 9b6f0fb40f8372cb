export { PromptQ, type CallOptions, type PromptQOptions } from './promptq.ts';
export { PromptQError, type Fault } from './requests/promptq-error.ts';
export type { Batch, BatchReference, BatchRequest, BatchResult } from './batches/batch.ts';
export type { Batches } from './batches/batches.ts';
export type { JsonLines } from './batches/jsonl.ts';
export type { JobEvent } from './events/job-event.ts';
export {
  isTerminal,
  type Job,
  type JobOf,
  type JobReference,
  type TerminalStatus,
} from './jobs/job.ts';
export type { AuditQuery, JobsQuery } from './jobs/queries.ts';
export type { SubmitOptions } from './requests/submit.ts';
export type { Retry } from './requests/transport.ts';
export type { WaitOptions } from './requests/wait-until.ts';
export {
  verifyWebhook,
  type VerifyWebhookOptions,
  type WebhookHeaders,
} from './webhooks/verify-webhook.ts';
export type {
  AnalysisOutput,
  AuditEvent,
  ChatOutput,
  JobType,
  SubmissionRequest,
  WebhookEvent,
} from '@promptq/shared/contracts';
