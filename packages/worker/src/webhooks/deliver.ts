import type { DeliveryTry } from '@promptq/shared/contracts';
import type { Logger } from '@promptq/shared/logging';
import type { Tracing } from '@promptq/shared/tracing';
import {
  deliveryDataSchema,
  type SigningSecrets,
  type TargetGuard,
} from '@promptq/shared/webhooks';
import { beginAttempt, type Attempt } from '../attempts/attempt.ts';
import {
  attemptDelivery,
  type Delivery,
  type DeliveryDeps,
  type TryOutcome,
} from './attempt-delivery.ts';
import { hostLimiter } from './host-limiter.ts';
import { secretResolver } from './resolve-secrets.ts';
import { openSender, type SenderOptions } from './send.ts';

const defaultTrySeconds = 15;
/** The delay of a delivery that this process is already sending. */
const duplicateDelayMs = 1_000;
/** The delay of a delivery that this process cannot sign. Another process may have the secret. */
const unsignedDelayMs = 60_000;

/** How receivers are reached. Tests override it. */
export type Transport = Pick<SenderOptions, 'lookup' | 'ca' | 'connectMs'> & {
  trySeconds?: number;
};

export interface DelivererDeps {
  log: Logger;
  secrets: SigningSecrets;
  guard: TargetGuard;
  /** Writes the audit event of a delivery to a blocked address. Idempotent. */
  auditBlocked: DeliveryDeps['auditBlocked'];
  /** The maximum number of concurrent tries per host. */
  hostConcurrency: number;
  /** The tries of this process by delivery id. */
  running: Map<string, Attempt>;
  /** Whether this process hands its jobs back because it is about to stop. */
  isHandingBack: () => boolean;
  /** Makes a delayed delivery available now. */
  callBack: (id: string) => void;
  writeRow: (id: string, row: DeliveryTry) => Promise<unknown>;
  onUnsigned: () => void;
  tracing: Pick<Tracing, 'begin'> | null;
  now: () => number;
  random: () => number;
  transport: Transport;
}

interface QueuedDelivery {
  id: string;
  /** Not parsed yet. */
  data: unknown;
  tryNumber: number;
}

export interface Deliverer {
  /** Makes one try. @returns `null` when the data is not a delivery's */
  deliver(delivery: QueuedDelivery): Promise<TryOutcome | null>;
  close(): Promise<void>;
}

/** Sends deliveries: finds the secrets, waits for a slot of the host, makes the try. */
export function openDeliverer(deps: DelivererDeps): Deliverer {
  const { log, running, now, random, tracing, auditBlocked, transport } = deps;
  const sender = openSender({ guard: deps.guard, now, ...transport });
  const hosts = hostLimiter({ slots: deps.hostConcurrency, callBack: deps.callBack, now });
  const resolveSecrets = secretResolver(deps.secrets, log, now);
  const deliveryDeps: DeliveryDeps = { sender, auditBlocked, log, now, random, tracing };

  const send = async (delivery: Omit<Delivery, 'attempt' | 'writeRow'>): Promise<TryOutcome> => {
    const { id } = delivery;
    if (deps.isHandingBack()) return { kind: 'interrupted' };
    const previous = running.get(id);
    if (previous) {
      // The lock of the previous try expired and BullMQ gave the delivery to this process again.
      previous.abort({ kind: 'lock lost' });
      return { kind: 'deferred', inMs: duplicateDelayMs };
    }
    const attempt = beginAttempt(transport.trySeconds ?? defaultTrySeconds);
    running.set(id, attempt);
    const writeRow = (row: DeliveryTry) => deps.writeRow(id, row);
    try {
      return await attemptDelivery({ ...delivery, attempt, writeRow }, deliveryDeps);
    } finally {
      attempt.end();
      running.delete(id);
    }
  };
  return {
    deliver: async ({ id, data: given, tryNumber }) => {
      const parsed = deliveryDataSchema.safeParse(given);
      if (!parsed.success) return null;
      const { data } = parsed;
      const secrets = resolveSecrets(data);
      if (!secrets) {
        deps.onUnsigned();
        return { kind: 'deferred', inMs: unsignedDelayMs };
      }
      const host = URL.parse(data.url)?.host ?? '';
      const slot = await hosts.take(host, id);
      if ('delayMs' in slot) return { kind: 'deferred', inMs: slot.delayMs };
      try {
        return await send({ id, data, secrets, host, tryNumber });
      } finally {
        slot.leave();
      }
    },
    close: () => sender.close(),
  };
}
