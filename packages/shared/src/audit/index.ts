export { auditEntries, type AuditEntry } from './audit-stream.ts';
