export { batchStatusOf, readBatchRecord, toPublicBatch, type BatchRecord } from './batch-record.ts';
export { nextChunk } from './chunk-size.ts';
export {
  pendingResult,
  pendingType,
  readStaged,
  writeStaged,
  type StagedRequest,
} from './staged-request.ts';
