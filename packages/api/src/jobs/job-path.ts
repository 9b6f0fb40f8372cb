import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { RedisKeys } from '@promptq/shared/redis';
import type { ApiSettings } from '../settings.ts';
import type { JobQueues } from './add-job.ts';
import type { PollHint } from './poll-hint.ts';

/** The path of every route under `/v1/jobs/{id}`. */
export const jobPathSchema = z.object({ id: z.string() });

/** What a route that changes one job needs. */
export interface JobRouteDeps {
  redis: Redis;
  keys: RedisKeys;
  queues: JobQueues;
  settings: Pick<ApiSettings, 'RESULT_TTL_SECONDS'>;
  pollHint: PollHint;
}
