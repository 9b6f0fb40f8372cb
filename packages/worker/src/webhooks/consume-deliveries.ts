import { DelayedError, Job, UnrecoverableError, WaitingError, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { DeliveryTry } from '@promptq/shared/contracts';
import { logFault, type Logger } from '@promptq/shared/logging';
import { unlessMoved } from '@promptq/shared/queues';
import type { Tracing } from '@promptq/shared/tracing';
import {
  deliveryDataSchema,
  mostTriesKept,
  webhooksQueue,
  type DeliveryData,
  type SigningSecrets,
  type TargetGuard,
} from '@promptq/shared/webhooks';
import { beginAttempt, type Attempt } from '../execution/attempt.ts';
import { tendWorker, workerOptions, type TendedWorker } from '../execution/tend-worker.ts';
import { withoutStack } from '../execution/without-stack.ts';
import type { DeliveryMetrics } from '../metrics/delivery-metrics.ts';
import type { WorkerSettings } from '../settings.ts';
import { secretFinder } from './find-secrets.ts';
import { hostPlaces } from './host-places.ts';
import { nextStep } from './schedule.ts';
import { openSender, type SenderOptions } from './send.ts';
import { tryDelivery, type Delivery, type TryNeeds, type TryOutcome } from './try-delivery.ts';

const trySeconds = 15;
/** That a sender is killed in mid-try is no fault of the delivery, however often it happens. */
const maxStalls = Number.MAX_SAFE_INTEGER;
/** A delivery that is already being tried in this process comes back when that try has ended. */
const doubleAgainMs = 1_000;
/** One that cannot be signed here comes back, and finds another process, or this one started anew. */
const unsignedAgainMs = 60_000;

/** What BullMQ keeps of a delivery that arrived. */
interface Delivered {
  reason: string;
}

interface Needs {
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
  auditBlocked: TryNeeds['auditBlocked'];
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

export interface DeliveryConsumer extends Omit<TendedWorker, 'isHandingBack'> {
  type: typeof webhooksQueue;
  /** Whether another delivery could be tried here. */
  hasRoom(): boolean;
}

/** A try failed, and the next one is due after so long. */
class TryAgainError extends Error {
  override readonly name = 'TryAgainError';
  readonly inMs: number;

  constructor(reason: string, inMs: number) {
    super(reason);
    this.inMs = inMs;
  }
}

/** Sends the deliveries of the queue `webhooks`, `WEBHOOK_CONCURRENCY` at a time. */
export function consumeDeliveries(needs: Needs): DeliveryConsumer {
  const { redis, settings, log, secrets, guard, auditBlocked, transport = {} } = needs;
  const { now = Date.now, random = Math.random } = needs;
  const running = new Map<string, Attempt>();
  const sender = openSender({ guard, now, ...transport });
  const callBack = (id: string) => {
    unlessMoved(worker.backend.promote(id)).catch((error: unknown) =>
      logFault(log, error, 'a delivery could not be called back; it comes by itself'),
    );
  };
  const places = hostPlaces({ places: settings.WEBHOOK_HOST_CONCURRENCY, callBack, now });
  const tracing = needs.tracing ?? null;
  const tryNeeds: TryNeeds = { sender, auditBlocked, log, now, random, tracing };
  const secretsOf = secretFinder(secrets, log, now);

  const tryOnce = async (id: string, job: Job<DeliveryData, Delivered>): Promise<TryOutcome> => {
    const data = deliveryDataSchema.safeParse(job.data);
    if (!data.success) throw withoutStack(new UnrecoverableError('not a delivery'));
    const signedWith = secretsOf(data.data);
    if (!signedWith) {
      needs.tried?.('unsigned');
      return { kind: 'later', inMs: unsignedAgainMs };
    }
    const host = URL.parse(data.data.url)?.host ?? '';
    const place = await places.take(host, id);
    if ('comeBackInMs' in place) return { kind: 'later', inMs: place.comeBackInMs };
    try {
      const delivery = { id, data: data.data, secrets: signedWith, host };
      return await tryAt({ ...delivery, tryNumber: job.attemptsMade + 1 });
    } finally {
      place.leave();
    }
  };
  const tryAt = async (delivery: Omit<Delivery, 'attempt' | 'writeRow'>) => {
    const { id } = delivery;
    if (tended.isHandingBack()) return { kind: 'interrupted' } as const;
    const before = running.get(id);
    if (before) {
      // Its lock ran out and BullMQ gave it to this same process again: neither may take the other's place.
      before.abort({ kind: 'lock lost' });
      return { kind: 'later', inMs: doubleAgainMs } as const;
    }
    const attempt = beginAttempt(transport.trySeconds ?? trySeconds);
    running.set(id, attempt);
    const writeRow = (row: DeliveryTry) =>
      Job.addJobLog(worker, id, JSON.stringify(row), mostTriesKept);
    try {
      return await tryDelivery({ ...delivery, attempt, writeRow }, tryNeeds);
    } finally {
      attempt.end();
      running.delete(id);
    }
  };
  const worker = new Worker<DeliveryData, Delivered>(
    webhooksQueue,
    async (job, token) => {
      const outcome = await tryOnce(job.id as string, job);
      if ('reason' in outcome) needs.tried?.(outcome.kind === 'gone' ? 'dead' : outcome.kind);
      return report(outcome, job, token);
    },
    {
      connection: redis,
      prefix: settings.REDIS_PREFIX,
      name: needs.workerName,
      concurrency: settings.WEBHOOK_CONCURRENCY,
      ...workerOptions,
      ...(needs.tracing ? { telemetry: needs.tracing.bullmq } : {}),
      maxStalledCount: maxStalls,
      settings: { backoffStrategy: (tryNumber, _, error) => delayAfter(tryNumber, error, random) },
      removeOnComplete: { age: settings.RESULT_TTL_SECONDS },
      removeOnFail: { age: settings.DELIVERY_TTL_SECONDS },
    },
  );
  const tended = tendWorker({ worker, redis, running, log, idName: 'delivery_id' });
  return {
    ...tended,
    type: webhooksQueue,
    hasRoom: () => running.size < settings.WEBHOOK_CONCURRENCY,
    close: async (endsAtMs) => {
      await tended.close(endsAtMs);
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
      throw withoutStack(new TryAgainError(outcome.reason, outcome.inMs));
    case 'gone':
    case 'blocked':
    case 'dead':
      throw withoutStack(new UnrecoverableError(outcome.reason));
    case 'later':
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
  if (error instanceof TryAgainError) return error.inMs;
  const step = nextStep(tryNumber, { status: null, error: 'network', retryAfterMs: null }, random);
  return step.kind === 'retry' ? step.inMs : -1;
}
