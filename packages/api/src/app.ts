import express, { type Express, type RequestHandler } from 'express';
import helmet from 'helmet';
import type { Scope } from '@promptq/shared/api-keys';
import type { Logger } from '@promptq/shared/logging';
import type { Tracing } from '@promptq/shared/tracing';
import { signingSecrets, targetGuard } from '@promptq/shared/webhooks';
import { StoreUnavailableError, type Store } from '@promptq/store';
import { listAuditEvents } from './audit/list-audit-events.ts';
import { authorize } from './auth/authorize.ts';
import type { Keyring } from './auth/keyring.ts';
import { batchResults } from './batches/batch-results.ts';
import { cancelBatch } from './batches/cancel-batch.ts';
import { createBatch } from './batches/create-batch.ts';
import { getBatch } from './batches/get-batch.ts';
import { listDeliveries } from './deliveries/list-deliveries.ts';
import { redeliverDead } from './deliveries/redeliver-dead.ts';
import { redeliverOne } from './deliveries/redeliver-one.ts';
import { docsAssets, docsPage, openApiRoute } from './docs/docs-routes.ts';
import { jobEvents } from './events/job-events.ts';
import { liveness, readiness } from './health/health-routes.ts';
import { logRequest } from './http/log-request.ts';
import { requestContext } from './http/request-context.ts';
import { addRoutes } from './http/route.ts';
import { cancelJob } from './jobs/cancel-job.ts';
import { getJob } from './jobs/get-job.ts';
import { listJobs } from './jobs/list-jobs.ts';
import { pollHints } from './jobs/poll-hint.ts';
import { retryJob } from './jobs/retry-job.ts';
import { submitJob } from './jobs/submit-job.ts';
import { rateLimit } from './limits/rate-limit.ts';
import type { ApiMetrics } from './metrics/api-metrics.ts';
import { metricsRoute } from './metrics/metrics-route.ts';
import { handleErrors } from './problems/handle-errors.ts';
import { Problem } from './problems/problem.ts';
import { listQueues } from './queues/list-queues.ts';
import { pauseQueue } from './queues/pause-queue.ts';
import type { ApiSettings } from './settings.ts';
import { traceRequests } from './tracing/trace-requests.ts';
import { jobSubscriptions } from './waiting/subscription.ts';

export interface AppDeps {
  settings: ApiSettings;
  log: Logger;
  store: Store;
  /** `null` if there are no API keys: every caller has all scopes. */
  keyring: Keyring | null;
  metrics: ApiMetrics;
  /** `null` if tracing is off. */
  tracing: Pick<Tracing, 'begin'> | null;
  /** The board, which is served at `boardPath`; `null`: no board. */
  board: RequestHandler | null;
  /** Whether the store has started. */
  isStarted: () => boolean;
  /** Aborted when the process is stopping. */
  stopping: AbortSignal;
}

/** The path of the board. */
export const boardPath = '/admin/queues';

/**
 * The application: its routes and middleware. Create it before the store is started, because it opens the store's
 * subscriptions. `main.ts` listens for requests.
 */
export function createApp({
  settings,
  log,
  store,
  keyring,
  metrics,
  tracing,
  board,
  isStarted,
  stopping,
}: AppDeps): Express {
  const pollHint = pollHints(store, log);
  const changes = store.subscriptions.jobChanges(stopping);
  const subscriptions = jobSubscriptions(changes);
  const { submitted } = metrics.submissions;
  const webhooks = {
    secrets: signingSecrets(settings),
    guard: targetGuard(settings.WEBHOOK_ALLOWED_HOSTS),
  };
  const routes = [
    submitJob({ store, settings, submitted, subscriptions, pollHint, webhooks }),
    listJobs({ store, settings }),
    getJob({ store, settings, subscriptions, pollHint }),
    jobEvents({ store, settings, subscriptions, changes }),
    cancelJob({ store, settings, pollHint }),
    retryJob({ store, settings, submitted, pollHint, webhooks }),
    listDeliveries({ store }),
    redeliverOne({ store }),
    redeliverDead({ store }),
    createBatch({ store, settings, webhooks, submitted }),
    getBatch({ store, settings }),
    batchResults({ store, settings }),
    cancelBatch({ store, settings }),
    listAuditEvents({ store }),
    listQueues({ store }),
    pauseQueue({ store }, 'pause'),
    pauseQueue({ store }, 'resume'),
    liveness,
    readiness({ store, isStarted, stopping }),
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
  const limited = perMinute > 0 ? [rateLimit({ store, perMinute })] : [];
  const started: RequestHandler = (_req, _res, next) => {
    if (!isStarted()) throw new StoreUnavailableError();
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
