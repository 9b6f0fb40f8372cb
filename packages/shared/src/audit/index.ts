export { auditEntries, type AuditEntry } from './audit-stream.ts';
export { eventIdOf, finishedAtOf } from './event-id.ts';
