import { plainEvent } from '@promptq/shared/contracts';
import { eventIdOf } from '@promptq/shared/jobs';
import { indexEntry } from '#packages/store/src/job-index/time-index.ts';
import { idMaker } from './keys.ts';
import type { Stack } from './stack.ts';

/** Whose, oldest first: one of the tenant `mine`, or so many of the tenant `theirs`. */
type Owners = ('mine' | number)[];

/** Jobs that have ended, the own ones failed, as far as the indexes and the hashes go. @returns the ids of the own ones */
export async function writeJobs(stack: Stack, owners: Owners): Promise<string[]> {
  const { redis, keys } = stack;
  const newId = await idMaker(stack, 'chat');
  const pipeline = redis.pipeline();
  let atMs = Math.floor(Date.now() / 10_000) * 10_000 - 3_600_000; // Where a string of the index begins.
  const write = (tenant: string) => {
    const id = newId((atMs += 1));
    const { bucket, entry } = indexEntry(id);
    pipeline.sadd(keys.indexedTenants, tenant);
    for (const index of ['all', `tenant:${tenant}`])
      pipeline
        .zadd(keys.index(index), bucket, bucket)
        .append(keys.indexBucket(index, bucket), entry);
    pipeline.hset(keys.job('chat', id), {
      data: `{"input":{"message":"x","model":"m"},"user_id":"u","timeout_seconds":1,"tenant":"${tenant}"}`,
      opts: `{"attempts":1,"tenant":"${tenant}"}`,
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

/** Audit events as finish.lua writes them. @returns the ids of the own ones */
export async function writeEvents(stack: Stack, owners: Owners): Promise<string[]> {
  const { redis, keys } = stack;
  const newId = await idMaker(stack, 'chat');
  const pipeline = redis.pipeline();
  let atMs = Date.now() - 3_600_000;
  const write = (tenant: string) => {
    const job_id = newId((atMs += 1));
    const id = eventIdOf(job_id);
    const event = plainEvent('chat', { type: 'job.completed', tenant, id, job_id });
    const fields = ['job_id', job_id, 'type', event.type, 'event', JSON.stringify(event)];
    pipeline.xadd(keys.audit, `${atMs}-0`, ...fields);
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
