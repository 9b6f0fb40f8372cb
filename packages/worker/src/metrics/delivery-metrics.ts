import { Counter, type Registry } from 'prom-client';

/**
 * How a try ended: `retry`, another follows; `dead`, none does; `blocked`, the address is not allowed; `unsigned`, there
 * was none, because this process has not the secret.
 */
const outcomes = ['delivered', 'retry', 'dead', 'blocked', 'unsigned'] as const;
type TryOutcome = (typeof outcomes)[number];

export interface DeliveryMetrics {
  /** One try of a delivery ended. */
  tried(this: void, outcome: TryOutcome): void;
}

export function deliveryMetrics(registry: Registry): DeliveryMetrics {
  const tries = new Counter({
    name: 'promptq_webhook_deliveries_total',
    help: 'Tries of webhook deliveries by outcome: delivered, retry (another try follows), dead (none does), blocked, unsigned (not tried: the secret is not set here).',
    labelNames: ['outcome'],
    registers: [registry],
  });
  for (const outcome of outcomes) tries.inc({ outcome }, 0);
  return { tried: (outcome) => tries.inc({ outcome }) };
}
