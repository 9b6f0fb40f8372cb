export { auditEntries, type AuditEntry } from './audit-stream.ts';
export { plainEvent } from './plain-event.ts';
export { eventIdOf, finishedAtOf } from './event-id.ts';
