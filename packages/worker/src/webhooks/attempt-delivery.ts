import { toTime, type DeliveryTry } from '@promptq/shared/contracts';
import { describeError, logFault, type Logger } from '@promptq/shared/logging';
import type { Tracing } from '@promptq/shared/tracing';
import { sign, type DeliveryData, type WebhookSecret } from '@promptq/shared/webhooks';
import type { Attempt } from '../attempts/attempt.ts';
import { endCall } from '../tracing/trace-calls.ts';
import { nextStep, type Step } from './schedule.ts';
import type { Sender, TryResult } from './send.ts';

/** The result of a try for its delivery. */
export type TryOutcome =
  | (Step & { reason: string })
  /** Delayed. No try is spent. */
  | { kind: 'deferred'; inMs: number }
  /** The process stops. No try is spent. */
  | { kind: 'interrupted' }
  /** Another worker has the delivery. The result of this try is discarded. */
  | { kind: 'lost' };

export interface DeliveryDeps {
  sender: Pick<Sender, 'send'>;
  auditBlocked: (delivery: DeliveryData) => Promise<void>;
  log: Logger;
  now: () => number;
  random: () => number;
  /** `null`: tries are not traced. */
  tracing: Pick<Tracing, 'begin'> | null;
}

export interface Delivery {
  id: string;
  data: DeliveryData;
  secrets: WebhookSecret[];
  /** Host and port of the receiver. */
  host: string;
  /** From 1 on. */
  tryNumber: number;
  attempt: Attempt;
  /** Adds a row to the delivery's log. */
  writeRow: (row: DeliveryTry) => Promise<unknown>;
}

const auditRetryDelayMs = 5_000;

/** Makes one try of a delivery. */
export async function attemptDelivery(delivery: Delivery, deps: DeliveryDeps): Promise<TryOutcome> {
  const { id, data, host, tryNumber, attempt } = delivery;
  const log = deps.log.child({ delivery_id: id, host });
  const startedAtMs = deps.now();
  const result = await sendSigned(delivery, startedAtMs, deps, log);
  if (attempt.cause()?.kind === 'lock lost') return { kind: 'lost' };
  if (!result) return { kind: 'interrupted' };

  const { status, error, answer, durationMs } = result;
  const step = nextStep(tryNumber, result, deps.random);
  log.info({ try: tryNumber, status, error, step: step.kind, ms: durationMs }, 'try ended');
  if (step.kind === 'blocked' && !(await isAudited(data, deps, log))) {
    return { kind: 'deferred', inMs: auditRetryDelayMs };
  }
  const row = { at: toTime(startedAtMs), status, error, duration_ms: durationMs, answer };
  try {
    await delivery.writeRow(row);
  } catch (fault) {
    // The receiver has the webhook. A missing row does not change that.
    logFault(log, fault, 'could not record a try of a delivery');
  }
  return { ...step, reason: error ?? `status ${status}` };
}

async function sendSigned(
  { data, secrets, attempt }: Delivery,
  startedAtMs: number,
  { sender, tracing }: DeliveryDeps,
  log: Logger,
): Promise<TryResult | null> {
  const { url, event_id: webhookId, body } = data;
  const timestampSeconds = Math.floor(startedAtMs / 1_000);
  const span = tracing?.begin('client', 'webhook');
  const headers = {
    'webhook-id': webhookId,
    'webhook-timestamp': String(timestampSeconds),
    'webhook-signature': sign({ id: webhookId, timestampSeconds, body }, secrets),
    ...span?.headers,
  };
  let result: TryResult | null = null;
  try {
    result = await sender.send({ url, headers, body }, attempt);
    return result;
  } catch (fault) {
    logFault(log, fault, 'a try failed because of an internal error');
    return { status: null, error: 'network', durationMs: 0, answer: null, retryAfterMs: null };
  } finally {
    if (span) endCall(span, result?.status ?? null, 300);
  }
}

/** Writes the audit event before the delivery ends, because nothing retries it afterwards. */
async function isAudited(data: DeliveryData, deps: DeliveryDeps, log: Logger): Promise<boolean> {
  try {
    await deps.auditBlocked(data);
    return true;
  } catch (fault) {
    log.warn(
      { error: describeError(fault) },
      'could not write the audit event of a blocked webhook; retrying',
    );
    return false;
  }
}
