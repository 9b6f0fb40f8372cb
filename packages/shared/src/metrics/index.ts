export {
  startEventLoopMonitor,
  type EventLoopDelay,
  type EventLoopMonitor,
} from './event-loop-delay.ts';
export { boundedLabel, cacheLabels } from './labels.ts';
export { openRegistry } from './open-registry.ts';
