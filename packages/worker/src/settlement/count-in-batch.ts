import { resultOf, type TerminalEntry } from './outbox-entry.ts';
import type { BatchResult } from '@promptq/shared/contracts';
import { batchOf } from '@promptq/shared/jobs';
import type { EndEvent } from '../attempts/build-audit-event.ts';

/** What settlement writes into a batch for one of its jobs. */
export interface BatchResultEntry {
  batchId: string;
  /** The place of the request in the batch. */
  index: number;
  /** The line of the result but for `custom_id`, which stands at its place already. */
  rest: string;
}

/**
 * A part of the settlement script: it runs only for the consumer that has claimed the entry, so each job counts once.
 * The last one ends the batch, once: the record says so, its keys get an end, and it is put among those whose
 * end is to be announced (see packages/worker/src/batches/announce-ends.ts). Results stand in the batch and not with
 * the jobs, because the first jobs of a long batch are removed before its last ones run.
 */
export const countInBatch = `
local function count_in_batch(of, status, result_ttl, batches)
  local id, index, rest = unpack(of)
  local batch = batches.prefix .. id
  local results, waiting = batch .. ':results', batch .. ':waiting'
  local pending = redis.call('HGET', results, index)
  if not pending or string.sub(pending, 1, 1) == '{' then return end
  redis.call('HSET', results, index, '{"custom_id":' .. string.sub(pending, 2) .. ',' .. rest)
  redis.call('HINCRBY', batch, status, 1)
  if redis.call('HINCRBY', batch, 'left', -1) > 0 then return end
  redis.call('HSET', batch, 'finished_at', batches.now)
  redis.call('ZREM', batches.open, id)
  redis.call('ZADD', batches.ended, batches.now, id)
  for _, key in ipairs({ batch, results, waiting }) do redis.call('EXPIRE', key, result_ttl) end
  local key_record = redis.call('HGET', batch, 'key_record')
  if key_record and key_record ~= '' and redis.call('GET', key_record) == id then
    redis.call('EXPIRE', key_record, result_ttl)
  end
end
`;

/** `null` for a job that was submitted alone. It needs no more than the entry and the event: the job may be gone. */
export function batchResultOf(entry: TerminalEntry, event: EndEvent): BatchResultEntry | null {
  const place = batchOf(entry.jobId);
  if (!place) return null;
  const rest: Omit<BatchResult, 'custom_id'> = {
    id: entry.jobId,
    status: event.type.slice('job.'.length) as BatchResult['status'],
    output: resultOf(entry)?.output ?? null,
    error: event.error,
    usage: event.usage,
  };
  return { ...place, rest: JSON.stringify(rest).slice(1) };
}
