export { boundedLabel } from './bounded-label.ts';
export { bound } from './bound.ts';
export { openRegistry } from './open-registry.ts';
