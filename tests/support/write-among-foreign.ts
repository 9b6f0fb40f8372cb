import { eventIdOf, newJobId } from '@promptq/shared/jobs';
import { plainEvent } from '@promptq/shared/contracts';
import { indexEntry } from '@promptq/shared/queues';
import type { Stack } from './stack.ts';

/** Whose, oldest first: one of the tenant `mine`, or so many of the tenant `theirs`. */
type Owners = ('mine' | number)[];

/** Jobs that have ended, the own ones failed, as far as the index and the hashes go. @returns the ids of the own ones */
export async function writeJobs(stack: Stack, owners: Owners): Promise<string[]> {
  const pipeline = stack.redis.pipeline();
  let atMs = Math.floor(Date.now() / 10_000) * 10_000 - 3_600_000; // Where a string of the index begins.
  const write = (tenant: string) => {
    const id = newJobId('chat', (atMs += 1));
    const { bucket, key, member } = indexEntry(stack.keys, id);
    pipeline.zadd(stack.keys.index, bucket, bucket).append(key, member);
    pipeline.hset(stack.keys.job('chat', id), {
      data: `{"input":{"message":"x","temperature":0,"model":"m"},"user_id":"u","metadata":{},"timeout_seconds":1,"tenant":"${tenant}"}`,
      opts: '{"attempts":1}',
      timestamp: atMs,
      finishedOn: Date.now(),
      ...(tenant === 'mine'
        ? { failedReason: '{"code":"upstream_auth","upstream":null}' }
        : {
            returnvalue:
              '{"output":{"response":"r","finish_reason":"stop","model":"m"},"usage":{"input_tokens":1,"output_tokens":2,"total_tokens":3}}',
          }),
    });
    return id;
  };
  const ids = writeAll(owners, write);
  await pipeline.exec();
  return ids;
}

/** Audit events as settlement writes them, see audit-stream.ts. @returns the ids of the own ones */
export async function writeEvents(stack: Stack, owners: Owners): Promise<string[]> {
  const pipeline = stack.redis.pipeline();
  let atMs = Date.now() - 3_600_000;
  const write = (tenant: string) => {
    const entryId = `${(atMs += 1)}-0`;
    const id = eventIdOf('chat', entryId);
    const job_id = newJobId('chat', atMs);
    const event = plainEvent('chat', { type: 'job.completed', tenant, id, job_id });
    const fields = ['event', JSON.stringify(event), 'job_id', job_id, 'type', event.type];
    pipeline.xadd(stack.keys.audit, entryId, ...fields);
    return id;
  };
  const ids = writeAll(owners, write);
  await pipeline.exec();
  return ids;
}

function writeAll(owners: Owners, write: (tenant: string) => string): string[] {
  return owners.flatMap((owner) => {
    if (owner === 'mine') return [write(owner)];
    for (let n = 0; n < owner; n += 1) write('theirs');
    return [];
  });
}
