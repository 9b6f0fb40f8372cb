export * from '@promptq/shared/queues';
export { standingOf as statusOf } from '@promptq/shared/queues';
import type { JobType } from '@promptq/shared/contracts';
import type { JobData } from '@promptq/shared/queues';
export interface JobSpec { type: JobType; data: JobData; maxAttempts: number; delaySeconds: number }
