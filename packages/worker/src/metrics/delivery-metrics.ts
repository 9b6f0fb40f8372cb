import { Counter, type Registry } from 'prom-client';
import type { TryResultLabel } from '../bullmq-worker/consume-deliveries.ts';

const outcomes: readonly TryResultLabel[] = ['delivered', 'retry', 'dead', 'blocked', 'unsigned'];

export interface DeliveryMetrics {
  /** One try of a delivery ended. */
  tried(this: void, outcome: TryResultLabel): void;
}

export function deliveryMetrics(registry: Registry): DeliveryMetrics {
  const tries = new Counter({
    name: 'promptq_webhook_deliveries_total',
    help: 'Tries of webhook deliveries by outcome: delivered, retry (another try follows), dead (none follows), blocked, unsigned (not tried: the secret is not set in this process).',
    labelNames: ['outcome'],
    registers: [registry],
  });
  for (const outcome of outcomes) tries.inc({ outcome }, 0);
  return { tried: (outcome) => tries.inc({ outcome }) };
}
