import express, { type Express } from 'express';
import helmet from 'helmet';
import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { JobType } from '@promptq/shared/contracts';
import type { Logger } from '@promptq/shared/logging';
import type { JobData } from '@promptq/shared/queues';
import { redisKeys } from '@promptq/shared/redis';
import type { DeliveryData } from '@promptq/shared/webhooks';
import { listAuditEvents } from './audit/list-audit-events.ts';
import { listDeliveries } from './deliveries/list-deliveries.ts';
import { redeliverDead } from './deliveries/redeliver-dead.ts';
import { redeliverOne } from './deliveries/redeliver-one.ts';
import { authorize } from './auth/authorize.ts';
import type { Keyring } from './auth/keyring.ts';
import { docsAssets, docsPage, openApiRoute } from './docs/docs-routes.ts';
import { fairShare } from './fairness/fair-share.ts';
import { liveness, readiness } from './health/health-routes.ts';
import { redisUnavailable } from './http/from-redis.ts';
import { handleErrors } from './http/handle-errors.ts';
import { logRequests } from './http/log-requests.ts';
import { Problem } from './http/problem.ts';
import { requestId } from './http/request-id.ts';
import { addRoutes } from './http/route.ts';
import { cancelJob } from './jobs/cancel-job.ts';
import { getJob } from './jobs/get-job.ts';
import { pollHints } from './jobs/poll-hint.ts';
import { retryJob } from './jobs/retry-job.ts';
import { submitJob } from './jobs/submit-job.ts';
import type { ApiSettings } from './settings.ts';

export interface AppNeeds {
  settings: ApiSettings;
  log: Logger;
  redis: Redis;
  /** `null`: there are no keys, and everybody may do everything. */
  keyring: Keyring | null;
  queues: Record<JobType, Queue<JobData>>;
  deliveries: Queue<DeliveryData>;
  /** Whether Redis was there once and is one that promptq can work on. */
  isStarted: () => boolean;
  /** Aborted when the process is stopping. */
  stopping: AbortSignal;
}

/** The application: what is served. It opens nothing; the process that listens is in `main.ts`. */
export function createApp({
  settings,
  log,
  redis,
  keyring,
  queues,
  deliveries,
  isStarted,
  stopping,
}: AppNeeds): Express {
  const keys = redisKeys(settings.REDIS_PREFIX);
  const pollHint = pollHints(queues, log);
  const share = keyring && fairShare(redis, keys, settings.TENANT_WEIGHTS);
  const routes = [
    submitJob({ queues, fairShare: share, settings, pollHint }),
    getJob({ redis, keys, settings, pollHint }),
    cancelJob({ redis, keys, queues, settings, pollHint }),
    retryJob({ redis, keys, queues, fairShare: share, settings, pollHint }),
    listDeliveries({ redis, keys }),
    redeliverOne({ redis, keys, deliveries }),
    redeliverDead({ redis, keys, deliveries }),
    listAuditEvents({ redis, keys }),
    liveness,
    readiness({ redis, stopping }),
  ];

  const app = express();
  app.set('etag', false);
  app.use(requestId, logRequests(log), helmet());
  app.use('/docs', docsAssets());
  app.use(['/v1', '/readyz'], (_req, _res, next) => {
    if (!isStarted()) throw redisUnavailable();
    next();
  });
  addRoutes(app, [...routes, docsPage, openApiRoute(routes)], (scope) => authorize(keyring, scope));
  app.use((req) => {
    throw new Problem('not_found', `There is nothing at ${req.path}.`);
  });
  app.use(handleErrors(log));
  return app;
}
