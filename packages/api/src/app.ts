import express, { type Express, type RequestHandler } from 'express';
import helmet from 'helmet';
import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { JobType } from '@promptq/shared/contracts';
import type { Scope } from '@promptq/shared/api-keys';
import type { Logger } from '@promptq/shared/logging';
import type { JobData } from '@promptq/shared/jobs';
import { redisKeys } from '@promptq/shared/redis';
import type { Tracing } from '@promptq/shared/tracing';
import { signingSecrets, targetGuard, type DeliveryData } from '@promptq/shared/webhooks';
import { listAuditEvents } from './audit/list-audit-events.ts';
import { listDeliveries } from './deliveries/list-deliveries.ts';
import { redeliverDead } from './deliveries/redeliver-dead.ts';
import { redeliverOne } from './deliveries/redeliver-one.ts';
import { authorize } from './auth/authorize.ts';
import type { Keyring } from './auth/keyring.ts';
import { batchResults } from './batches/batch-results.ts';
import { cancelBatch } from './batches/cancel-batch.ts';
import { createBatch } from './batches/create-batch.ts';
import { getBatch } from './batches/get-batch.ts';
import { listCursors } from './cursors/list-cursors.ts';
import { docsAssets, docsPage, openApiRoute } from './docs/docs-routes.ts';
import { fairShare } from './fairness/fair-share.ts';
import { liveness, readiness } from './health/health-routes.ts';
import { redisUnavailable } from './problems/store-unavailable.ts';
import { requestContext } from './http/request-context.ts';
import { handleErrors } from './problems/handle-errors.ts';
import { logRequest } from './http/log-request.ts';
import { Problem } from './problems/problem.ts';
import { addRoutes } from './http/route.ts';
import { cancelJob } from './jobs/cancel-job.ts';
import { getJob } from './jobs/get-job.ts';
import { indexWriter } from './jobs/index-writer.ts';
import { listJobs } from './jobs/list-jobs.ts';
import { pollHints } from './jobs/poll-hint.ts';
import { retryJob } from './jobs/retry-job.ts';
import { submitJob } from './jobs/submit-job.ts';
import { jobEvents } from './events/job-events.ts';
import type { JobSubscriptions } from './live/open-live.ts';
import type { States } from './live/watch-states.ts';
import type { ApiMetrics } from './metrics/api-metrics.ts';
import { metricsRoute } from './metrics/metrics-route.ts';
import { rateLimit } from './limits/rate-limit.ts';
import { queueLimit } from './limits/queue-limit.ts';
import { tenantLimit } from './limits/tenant-limit.ts';
import { listQueues } from './queues/list-queues.ts';
import { pauseQueue } from './queues/pause-queue.ts';
import type { ApiSettings } from './settings.ts';
import { traceRequests } from './tracing/trace-requests.ts';

export interface AppDeps {
  settings: ApiSettings;
  log: Logger;
  redis: Redis;
  /** `null` if there are no API keys: every caller has all scopes. */
  keyring: Keyring | null;
  queues: Record<JobType, Queue<JobData>>;
  deliveries: Queue<DeliveryData>;
  subscriptions: JobSubscriptions;
  states: States;
  metrics: ApiMetrics;
  /** `null` if tracing is off. */
  tracing: Pick<Tracing, 'begin'> | null;
  /** What is served at `boardPath`; `null`: nothing. */
  board: RequestHandler | null;
  /** Whether Redis was reachable and passed the checks at start. */
  isStarted: () => boolean;
  /** Aborted when the process is stopping. */
  stopping: AbortSignal;
}

/** Where the board is, when there is one. */
export const boardPath = '/admin/queues';

/** The application: its routes and middleware. It opens no resources; the process is in `main.ts`. */
export function createApp({
  settings,
  log,
  redis,
  keyring,
  queues,
  deliveries,
  subscriptions,
  states,
  metrics,
  tracing,
  board,
  isStarted,
  stopping,
}: AppDeps): Express {
  const keys = redisKeys(settings.REDIS_PREFIX);
  const pollHint = pollHints(redis, keys, log);
  const { submitted } = metrics.submissions;
  const appendToIndex = indexWriter(redis, keys);
  const share = keyring && fairShare(redis, keys, settings.TENANT_WEIGHTS);
  const assertQueueCapacity = queueLimit(redis, keys, settings.MAX_WAITING_JOBS);
  const { MAX_WAITING_JOBS_PER_TENANT: maxJobsPerTenant } = settings;
  const cursors = listCursors(redis, keys);
  const adding = {
    redis,
    keys,
    queues,
    appendToIndex,
    submitted,
    assertQueueCapacity,
    tenantLimit: maxJobsPerTenant > 0 ? tenantLimit(redis, keys, maxJobsPerTenant) : null,
    fairShare: share,
    settings,
  };
  const webhooks = {
    secrets: signingSecrets(settings),
    guard: targetGuard(settings.WEBHOOK_ALLOWED_HOSTS),
  };
  const routes = [
    submitJob({ ...adding, subscriptions, pollHint, webhooks }),
    listJobs({ redis, keys, cursors, settings }),
    getJob({ redis, keys, subscriptions, settings, pollHint }),
    jobEvents({ redis, keys, subscriptions, states, settings }),
    cancelJob({ redis, keys, queues, settings, pollHint }),
    retryJob({ ...adding, pollHint, webhooks }),
    listDeliveries({ redis, keys }),
    redeliverOne({ redis, keys, deliveries }),
    redeliverDead({ redis, keys, deliveries }),
    createBatch({ redis, keys, settings, webhooks, submitted }),
    getBatch({ redis, keys, settings }),
    batchResults({ redis, keys, settings }),
    cancelBatch({ redis, keys, settings }),
    listAuditEvents({ redis, keys, cursors }),
    listQueues({ redis, keys }),
    pauseQueue({ redis, keys, queues }, 'pause'),
    pauseQueue({ redis, keys, queues }, 'resume'),
    liveness,
    readiness({ redis, isStarted, stopping }),
    metricsRoute(metrics.registry),
  ];

  const app = express();
  app.set('etag', false);
  app.disable('x-powered-by');
  const docs = [docsPage, openApiRoute(routes)];
  const paths = () => [...routes, ...docs].map(({ path }) => path);
  app.use(requestContext([metrics.requests.measure(paths), logRequest(log)]));
  if (tracing) app.use('/v1', traceRequests(tracing));
  const { REQUESTS_PER_MINUTE: perMinute } = settings;
  const limited = perMinute > 0 ? [rateLimit({ redis, keys, perMinute })] : [];
  const started: RequestHandler = (_req, _res, next) => {
    if (!isStarted()) throw redisUnavailable();
    next();
  };
  const admit = (scope: Scope) => [started, authorize(keyring, scope), ...limited];
  addRoutes(app, routes, admit);
  app.use('/docs', helmet(), docsAssets());
  addRoutes(app, docs, admit);
  if (board) app.use(boardPath, board);
  app.use((req) => {
    throw new Problem('not_found', `There is no such path: ${req.path}.`);
  });
  app.use(handleErrors(log, metrics.requests));
  return app;
}
