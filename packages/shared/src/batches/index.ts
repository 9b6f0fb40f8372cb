export { readBatchRecord } from './batch-record.ts';
export { nextChunk } from './chunk-size.ts';
export { pendingResult, pendingType, readStaged, writeStaged } from './staged-request.ts';
