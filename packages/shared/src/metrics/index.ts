export { boundedLabel, cacheLabels } from './labels.ts';
export { openRegistry } from './open-registry.ts';
