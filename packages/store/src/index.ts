export { openStore, type Store, type StoreOptions } from './open-store.ts';
export { StoreUnavailableError, isErrorReply } from './store-error.ts';
export type { AddLimits, Added, Idempotency } from './jobs/add.ts';
export type { FinishedJob } from './context.ts';
export type { AuditQuery, FoundEvents, LastScanned } from './audit/find.ts';
export type { CreatedBatch, NewBatch } from './batches/create-batch.ts';
export type { BatchRecord, FoundBatch } from './batches/record.ts';
export type { StagedRequest } from './batches/stage.ts';
export type { AppendedOutput, OutputPiece, OutputPosition } from './output/append.ts';
