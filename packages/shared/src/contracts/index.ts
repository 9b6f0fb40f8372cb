export * from './analysis.ts';
export * from './audit-event.ts';
export * from './chat.ts';
export * from './delivery.ts';
export * from './excerpt.ts';
export * from './job.ts';
export * from './time.ts';
export * from './webhook-event.ts';
