import { Counter, Histogram, type Registry } from 'prom-client';
import { jobTypes, type JobType } from '@promptq/shared/contracts';
import { cacheLabels } from '@promptq/shared/metrics';

const lagBounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600];

/** How a job ended. */
export type EndStatus = 'completed' | 'failed' | 'cancelled' | 'expired';

export interface SettlementMetrics {
  /**
   * A job was settled here and nowhere else.
   * @param lagMs since BullMQ wrote that it had finished, by Redis's clock and ours
   */
  settled(type: JobType, status: EndStatus, lagMs: number): void;
}

export function settlementMetrics(registry: Registry): SettlementMetrics {
  const finished = new Counter({
    name: 'promptq_jobs_finished_total',
    help: 'Jobs that were settled by this process, by terminal status; over all processes, each job once.',
    labelNames: ['type', 'status'],
    registers: [registry],
  });
  const lag = new Histogram({
    name: 'promptq_settlement_lag_seconds',
    help: 'From the end of a job until its audit event was written.',
    labelNames: ['type'],
    buckets: lagBounds,
    registers: [registry],
  });
  const counted = cacheLabels((type: JobType, status: EndStatus) => finished.labels(type, status));
  const lagOf = cacheLabels((type: JobType) => lag.labels(type));
  // From the start there is a 0, so that the first job is seen as an increase.
  for (const type of jobTypes) {
    for (const status of ['completed', 'failed', 'cancelled', 'expired'] as const) {
      counted(type, status).inc(0);
    }
  }
  return {
    settled: (type, status, lagMs) => {
      counted(type, status).inc();
      lagOf(type).observe(Math.max(0, lagMs) / 1_000);
    },
  };
}
