import { createHash, randomUUID, type Hash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { pendingResult, writeStaged } from '@promptq/shared/batches';
import { batchRequestSchema, maxRequests, type JobType } from '@promptq/shared/contracts';
import type { RedisKeys } from '@promptq/shared/redis';
import { fromRedis } from '../problems/store-unavailable.ts';
import { checkValue, invalid, maxFaults } from '../http/parse.ts';
import type { Fault } from '../problems/problem.ts';
import { webhookFault, type WebhookPolicy } from '../deliveries/check-target.ts';
import { canonicalJson } from '../idempotency/idempotency-key.ts';
import { toJobSpec, type JobDefaults } from '../jobs/to-job-spec.ts';

/** A request as it was read, or what is wrong with the line it stood in. */
export type ReadRequest = {
  /** JSON Pointer to it. */
  pointer: string;
  /** What faults of it begin with. */
  where: string;
} & ({ value: unknown } | { fault: string });

/** An upload of which nothing is heard for so long is given up; Redis forgets what came of it. */
const idleSeconds = 600;
const chunkRequests = 250;
const chunkUnits = 1024 * 1024;

export interface Staged {
  uploadId: string;
  total: number;
  /** How many of each type. */
  counts: Record<JobType, number>;
  /** Of all requests, in their order. */
  digest: Hash;
}

interface Deps {
  redis: Redis;
  keys: RedisKeys;
  settings: JobDefaults;
  webhooks: WebhookPolicy;
}

/**
 * Checks requests as they come in and lays them down in Redis under keys of the upload, where nobody sees them. No
 * more than a chunk of them is held in memory, and the names.
 * @throws {Problem} `invalid_request` with the first faults of all requests: then nothing is left in Redis
 */
export async function stageRequests(
  { redis, keys, settings, webhooks }: Deps,
  requests: AsyncIterable<ReadRequest> | Iterable<ReadRequest>,
  tenant: string,
): Promise<Staged> {
  const uploadId = randomUUID();
  const [waiting, results] = [keys.stagedWaiting(uploadId), keys.stagedResults(uploadId)];
  const digest = createHash('sha256');
  const faults: Fault[] = [];
  const names = new Set<string>();
  let total = 0;
  const counts = { chat: 0, analysis: 0 };
  let chunk: { index: number; staged: string; pending: string }[] = [];
  let units = 0;

  const write = async () => {
    if (chunk.length === 0) return;
    const answers = await fromRedis(
      redis
        .multi()
        .rpush(waiting, ...chunk.map(({ staged }) => staged))
        .hset(results, ...chunk.flatMap(({ index, pending }) => [index, pending]))
        .expire(waiting, idleSeconds)
        .expire(results, idleSeconds)
        .exec(),
    );
    for (const [error] of answers ?? []) if (error) await fromRedis(Promise.reject(error));
    chunk = [];
    units = 0;
  };

  try {
    for await (const read of requests) {
      if (total === maxRequests) {
        faults.push({ pointer: read.pointer, detail: `At most ${maxRequests} requests.` });
        break;
      }
      const found = faultsOf(read, names);
      faults.push(...found.faults);
      if (faults.length >= maxFaults) break;
      const index = total;
      total += 1;
      if (!found.request || faults.length > 0) continue;
      const { custom_id, ...submission } = found.request;
      const fault =
        submission.webhook && (await webhookFault(webhooks, submission.webhook, tenant));
      if (fault) {
        const pointer = `${read.pointer}${fault.pointer}`;
        faults.push({ pointer, detail: `${read.where}${fault.detail}` });
        continue;
      }
      counts[submission.type] += 1;
      const spec = toJobSpec(submission, settings, tenant, webhooks.secrets);
      const staged = writeStaged({ ...spec, data: { ...spec.data, custom_id } });
      digest.update(`${canonicalJson(found.request)}\n`);
      chunk.push({ index, staged, pending: pendingResult(submission.type, custom_id) });
      units += staged.length;
      if (chunk.length === chunkRequests || units >= chunkUnits) await write();
    }
    if (faults.length > 0) throw invalid(faults);
    if (total === 0) throw invalid([{ pointer: '', detail: 'The batch has no requests.' }]);
    await write();
  } catch (error) {
    await dropUpload({ redis, keys }, uploadId);
    throw error;
  }
  return { uploadId, total, counts, digest };
}

/** Removes what an upload has laid down. What cannot be removed now expires. */
export async function dropUpload(
  { redis, keys }: Pick<Deps, 'redis' | 'keys'>,
  uploadId: string,
): Promise<void> {
  await redis
    .unlink(keys.stagedWaiting(uploadId), keys.stagedResults(uploadId))
    .catch(() => undefined); // The error that led here is the one to tell.
}

function faultsOf(read: ReadRequest, names: Set<string>) {
  const { pointer, where } = read;
  if ('fault' in read) {
    return { faults: [{ pointer, detail: `${where}${read.fault}` }], request: null };
  }
  const checked = checkValue(batchRequestSchema, read.value);
  if (checked.faults) {
    const faults = checked.faults.map((fault) => ({
      pointer: `${pointer}${fault.pointer}`,
      detail: `${where}${fault.detail}`,
    }));
    return { faults, request: null };
  }
  const { custom_id } = checked.value;
  if (!names.has(custom_id)) {
    names.add(custom_id);
    return { faults: [], request: checked.value };
  }
  const detail = `${where}Another request has the same custom_id.`;
  return { faults: [{ pointer: `${pointer}/custom_id`, detail }], request: null };
}
