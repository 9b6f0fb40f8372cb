import { DelayedError, Job, UnrecoverableError, WaitingError, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { DeliveryTry } from '@promptq/shared/contracts';
import { logFault, type Logger } from '@promptq/shared/logging';
import { ignoreAlreadyMoved } from '@promptq/shared/queues';
import type { Tracing } from '@promptq/shared/tracing';
import {
  deliveryDataSchema,
  maxTriesKept,
  webhooksQueue,
  type DeliveryData,
  type SigningSecrets,
  type TargetGuard,
} from '@promptq/shared/webhooks';
import { beginAttempt, type Attempt } from '../execution/attempt.ts';
import { superviseWorker, workerOptions, type SupervisedWorker } from '../execution/tend-worker.ts';
import { withoutStack } from '../execution/without-stack.ts';
import type { DeliveryMetrics } from '../metrics/delivery-metrics.ts';
import type { WorkerSettings } from '../settings.ts';
import { secretResolver } from './find-secrets.ts';
import { hostLimiter } from './host-places.ts';
import { nextStep } from './schedule.ts';
import { openSender, type SenderOptions } from './send.ts';
import {
  attemptDelivery,
  type Delivery,
  type DeliveryDeps,
  type TryOutcome,
} from './try-delivery.ts';

const trySeconds = 15;
/** That a sender is killed in mid-try is no fault of the delivery, however often it happens. */
const maxStalls = Number.MAX_SAFE_INTEGER;
/** A delivery that is already being tried in this process comes back when that try has ended. */
const duplicateDelayMs = 1_000;
/** One that cannot be signed here comes back, and finds another process, or this one started anew. */
const unsignedDelayMs = 60_000;

/** What BullMQ keeps of a delivery that arrived. */
interface Delivered {
  reason: string;
}

interface Deps {
  redis: Redis;
  settings: Pick<
    WorkerSettings,
    | 'REDIS_PREFIX'
    | 'RESULT_TTL_SECONDS'
    | 'DELIVERY_TTL_SECONDS'
    | 'WEBHOOK_CONCURRENCY'
    | 'WEBHOOK_HOST_CONCURRENCY'
  >;
  log: Logger;
  secrets: SigningSecrets;
  guard: TargetGuard;
  /** Writes the audit event of a delivery that may not go to its receiver; again changes nothing. */
  auditBlocked: DeliveryDeps['auditBlocked'];
  workerName: string;
  /** Counts how tries end. */
  tried?: DeliveryMetrics['tried'];
  /** `null`, or left out: tries are not traced. */
  tracing?: Tracing | null;
  now?: () => number;
  random?: () => number;
  /** How receivers are reached, when not as usual. */
  transport?: Pick<SenderOptions, 'lookup' | 'ca' | 'connectMs'> & { trySeconds?: number };
}

export interface DeliveryConsumer extends Omit<SupervisedWorker, 'isHandingBack'> {
  type: typeof webhooksQueue;
  /** Whether another delivery could be tried here. */
  hasRoom(): boolean;
}

/** A try failed, and the next one is due after so long. */
class RetryError extends Error {
  override readonly name = 'TryAgainError';
  readonly inMs: number;

  constructor(reason: string, inMs: number) {
    super(reason);
    this.inMs = inMs;
  }
}

/** Sends the deliveries of the queue `webhooks`, `WEBHOOK_CONCURRENCY` at a time. */
export function consumeDeliveries(deps: Deps): DeliveryConsumer {
  const { redis, settings, log, secrets, guard, auditBlocked, transport = {} } = deps;
  const { now = Date.now, random = Math.random } = deps;
  const running = new Map<string, Attempt>();
  const sender = openSender({ guard, now, ...transport });
  const callBack = (id: string) => {
    ignoreAlreadyMoved(worker.backend.promote(id)).catch((error: unknown) =>
      logFault(log, error, 'a delivery could not be called back; it comes by itself'),
    );
  };
  const hosts = hostLimiter({ slots: settings.WEBHOOK_HOST_CONCURRENCY, callBack, now });
  const tracing = deps.tracing ?? null;
  const deliveryDeps: DeliveryDeps = { sender, auditBlocked, log, now, random, tracing };
  const resolveSecrets = secretResolver(secrets, log, now);

  const tryOnce = async (id: string, job: Job<DeliveryData, Delivered>): Promise<TryOutcome> => {
    const data = deliveryDataSchema.safeParse(job.data);
    if (!data.success) throw withoutStack(new UnrecoverableError('not a delivery'));
    const signedWith = resolveSecrets(data.data);
    if (!signedWith) {
      deps.tried?.('unsigned');
      return { kind: 'deferred', inMs: unsignedDelayMs };
    }
    const host = URL.parse(data.data.url)?.host ?? '';
    const slot = await hosts.take(host, id);
    if ('delayMs' in slot) return { kind: 'deferred', inMs: slot.delayMs };
    try {
      const delivery = { id, data: data.data, secrets: signedWith, host };
      return await tryAt({ ...delivery, tryNumber: job.attemptsMade + 1 });
    } finally {
      slot.leave();
    }
  };
  const tryAt = async (delivery: Omit<Delivery, 'attempt' | 'writeRow'>) => {
    const { id } = delivery;
    if (supervised.isHandingBack()) return { kind: 'interrupted' } as const;
    const previous = running.get(id);
    if (previous) {
      // Its lock ran out and BullMQ gave it to this same process again: neither may take the other's place.
      previous.abort({ kind: 'lock lost' });
      return { kind: 'deferred', inMs: duplicateDelayMs } as const;
    }
    const attempt = beginAttempt(transport.trySeconds ?? trySeconds);
    running.set(id, attempt);
    const writeRow = (row: DeliveryTry) =>
      Job.addJobLog(worker, id, JSON.stringify(row), maxTriesKept);
    try {
      return await attemptDelivery({ ...delivery, attempt, writeRow }, deliveryDeps);
    } finally {
      attempt.end();
      running.delete(id);
    }
  };
  const worker = new Worker<DeliveryData, Delivered>(
    webhooksQueue,
    async (job, token) => {
      const outcome = await tryOnce(job.id as string, job);
      if ('reason' in outcome) deps.tried?.(outcome.kind === 'gone' ? 'dead' : outcome.kind);
      return report(outcome, job, token);
    },
    {
      connection: redis,
      prefix: settings.REDIS_PREFIX,
      name: deps.workerName,
      concurrency: settings.WEBHOOK_CONCURRENCY,
      ...workerOptions,
      ...(deps.tracing ? { telemetry: deps.tracing.bullmq } : {}),
      maxStalledCount: maxStalls,
      settings: { backoffStrategy: (tryNumber, _, error) => delayAfter(tryNumber, error, random) },
      removeOnComplete: { age: settings.RESULT_TTL_SECONDS },
      removeOnFail: { age: settings.DELIVERY_TTL_SECONDS },
    },
  );
  const supervised = superviseWorker({ worker, redis, running, log, idName: 'delivery_id' });
  return {
    ...supervised,
    type: webhooksQueue,
    hasRoom: () => running.size < settings.WEBHOOK_CONCURRENCY,
    close: async (endsAtMs) => {
      await supervised.close(endsAtMs);
      await sender.close();
    },
  };
}

/** The outcome in BullMQ's language: a return value, or what is thrown. */
async function report(
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
      // BullMQ does nothing more with a job that says it went back to waiting.
      throw new WaitingError();
  }
}

/** When the next try is due. A fault of our own waits as long as a receiver's. */
function delayAfter(tryNumber: number, error: Error | undefined, random: () => number): number {
  if (error instanceof RetryError) return error.inMs;
  const step = nextStep(tryNumber, { status: null, error: 'network', retryAfterMs: null }, random);
  return step.kind === 'retry' ? step.inMs : -1;
}
