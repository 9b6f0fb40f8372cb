export { openStore, type Store, type StoreOptions } from './open-store.ts';
export { StoreUnavailableError, isErrorReply } from './store-error.ts';
export type { AddLimits, Added, Idempotency } from './jobs/add.ts';
export type { FinishedJob } from './context.ts';
