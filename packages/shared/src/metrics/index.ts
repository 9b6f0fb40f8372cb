export { boundedLabel } from './bounded-label.ts';
export { cacheLabels } from './bound.ts';
export { openRegistry } from './open-registry.ts';
