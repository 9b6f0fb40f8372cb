export {
  startEventLoopMonitor,
  type EventLoopDelay,
  type EventLoopMonitor,
} from './event-loop-delay.ts';
export { boundedLabel, cacheLabels } from './labels.ts';
export { openRegistry } from './open-registry.ts';
export { finishedMetrics, type FinishedMetrics } from './finished-jobs.ts';
