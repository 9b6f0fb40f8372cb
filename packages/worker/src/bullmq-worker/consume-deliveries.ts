import { DelayedError, Job, UnrecoverableError, WaitingError, Worker } from 'bullmq';
import { logFault, type Logger } from '@promptq/shared/logging';
import type { Tracing } from '@promptq/shared/tracing';
import {
  maxTriesKept,
  webhooksQueue,
  type DeliveryData,
  type SigningSecrets,
  type TargetGuard,
} from '@promptq/shared/webhooks';
import type { Store } from '@promptq/store';
import type { Attempt } from '../attempts/attempt.ts';
import type { WorkerSettings } from '../settings.ts';
import type { TryOutcome } from '../webhooks/attempt-delivery.ts';
import { openDeliverer, type DelivererDeps, type Transport } from '../webhooks/deliver.ts';
import { nextStep } from '../webhooks/schedule.ts';
import { withoutStack } from './report-outcome.ts';
import { superviseWorker, workerOptions, type SupervisedWorker } from './supervise.ts';

/** A delivery never fails because its sender was killed, because a delivery cannot kill its sender. */
const maxStalls = Number.MAX_SAFE_INTEGER;

/** What BullMQ stores for a delivered webhook. */
interface Delivered {
  reason: string;
}

/**
 * How a try ended: `retry`, another follows; `dead`, none follows; `blocked`, the address is not allowed; `unsigned`,
 * not tried, because this process lacks the secret.
 */
export type TryResultLabel = 'delivered' | 'retry' | 'dead' | 'blocked' | 'unsigned';

interface Deps {
  store: Pick<Store, 'isReady' | 'queues' | 'deliveries'>;
  settings: Pick<
    WorkerSettings,
    | 'RESULT_TTL_SECONDS'
    | 'DELIVERY_TTL_SECONDS'
    | 'WEBHOOK_CONCURRENCY'
    | 'WEBHOOK_HOST_CONCURRENCY'
  >;
  log: Logger;
  secrets: SigningSecrets;
  guard: TargetGuard;
  /** Writes the audit event of a delivery to a blocked address. Idempotent. */
  auditBlocked: DelivererDeps['auditBlocked'];
  workerName: string;
  /** Counts how tries end. */
  tried?: (outcome: TryResultLabel) => void;
  /** `null`, or left out: tries are not traced. */
  tracing?: Tracing | null;
  now?: () => number;
  random?: () => number;
  /** How receivers are reached. The default is the network. */
  transport?: Transport;
}

export interface DeliveryConsumer extends Omit<SupervisedWorker, 'isHandingBack'> {
  type: typeof webhooksQueue;
  /** Whether this process has a free slot for another delivery. */
  hasCapacity(): boolean;
}

/** A try failed; the next one is due after `inMs`. */
class RetryError extends Error {
  override readonly name = 'TryAgainError';
  readonly inMs: number;

  constructor(reason: string, inMs: number) {
    super(reason);
    this.inMs = inMs;
  }
}

/** Sends the deliveries of the queue `webhooks`, at most `WEBHOOK_CONCURRENCY` at a time. */
export function consumeDeliveries(deps: Deps): DeliveryConsumer {
  const { store, settings, log, transport = {}, tracing = null } = deps;
  const { now = Date.now, random = Math.random } = deps;
  const running = new Map<string, Attempt>();
  const deliverer = openDeliverer({
    log,
    secrets: deps.secrets,
    guard: deps.guard,
    auditBlocked: deps.auditBlocked,
    hostConcurrency: settings.WEBHOOK_HOST_CONCURRENCY,
    running,
    isHandingBack: () => supervised.isHandingBack(),
    callBack: (id) => {
      store.deliveries
        .promote(id)
        .catch((error: unknown) =>
          logFault(
            log,
            error,
            'could not send a delayed delivery early; it will be sent when its delay ends',
          ),
        );
    },
    writeRow: (id, row) => Job.addJobLog(worker, id, JSON.stringify(row), maxTriesKept),
    onUnsigned: () => deps.tried?.('unsigned'),
    tracing,
    now,
    random,
    transport,
  });
  const { queue, backendFactory, ...connection } = store.queues.workerHost(webhooksQueue);
  const worker = new Worker<DeliveryData, Delivered>(
    queue,
    async (job, token) => {
      const { data, attemptsMade } = job;
      const id = job.id as string;
      const outcome = await deliverer.deliver({ id, data, tryNumber: attemptsMade + 1 });
      if (!outcome) throw withoutStack(new UnrecoverableError('not a delivery'));
      if ('reason' in outcome) deps.tried?.(outcome.kind === 'gone' ? 'dead' : outcome.kind);
      return reportTry(outcome, job, token);
    },
    {
      ...connection,
      name: deps.workerName,
      concurrency: settings.WEBHOOK_CONCURRENCY,
      ...workerOptions,
      ...(tracing ? { telemetry: tracing.bullmq } : {}),
      maxStalledCount: maxStalls,
      settings: { backoffStrategy: (tryNumber, _, error) => delayAfter(tryNumber, error, random) },
      removeOnComplete: { age: settings.RESULT_TTL_SECONDS },
      removeOnFail: { age: settings.DELIVERY_TTL_SECONDS },
    },
    backendFactory,
  );
  const supervised = superviseWorker({
    worker,
    isRedisReady: store.isReady,
    running,
    log,
    idName: 'delivery_id',
  });
  return {
    ...supervised,
    type: webhooksQueue,
    hasCapacity: () => running.size < settings.WEBHOOK_CONCURRENCY,
    close: async (endsAtMs) => {
      await supervised.close(endsAtMs);
      await deliverer.close();
    },
  };
}

/** Translates the outcome for BullMQ: into a return value or a thrown error. */
async function reportTry(
  outcome: TryOutcome,
  job: Job<DeliveryData, Delivered>,
  token: string | undefined,
): Promise<Delivered> {
  switch (outcome.kind) {
    case 'delivered':
      return { reason: outcome.reason };
    case 'retry':
      throw withoutStack(new RetryError(outcome.reason, outcome.inMs));
    case 'gone':
    case 'blocked':
    case 'dead':
      throw withoutStack(new UnrecoverableError(outcome.reason));
    case 'deferred':
      await job.moveToDelayed(Date.now() + outcome.inMs, token);
      throw new DelayedError();
    case 'interrupted':
      await job.moveToWait(token);
      throw new WaitingError();
    case 'lost':
      // BullMQ leaves a job alone that reports it returned to waiting.
      throw new WaitingError();
  }
}

/** The delay before the next try. After an internal error, it is the same as after an error of the receiver. */
function delayAfter(tryNumber: number, error: Error | undefined, random: () => number): number {
  if (error instanceof RetryError) return error.inMs;
  const step = nextStep(tryNumber, { status: null, error: 'network', retryAfterMs: null }, random);
  return step.kind === 'retry' ? step.inMs : -1;
}
