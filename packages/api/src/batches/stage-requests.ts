import { createHash, randomUUID, type Hash } from 'node:crypto';
import { batchRequestSchema, maxRequests, type JobType } from '@promptq/shared/contracts';
import type { StagedRequest, Store } from '@promptq/store';
import { webhookFault, type WebhookPolicy } from '../deliveries/check-target.ts';
import { checkValue, invalid, maxFaults } from '../http/parse.ts';
import { canonicalJson } from '../idempotency/idempotency-key.ts';
import { toJobSpec, type JobDefaults } from '../jobs/to-job-spec.ts';
import type { Fault } from '../problems/problem.ts';

/** A request that was read, or the fault of its line. */
export type ReadRequest = {
  /** JSON Pointer to it. */
  pointer: string;
  /** The prefix of the texts of its faults. */
  where: string;
} & ({ value: unknown } | { fault: string });

/** A chunk is written when it reaches this number of requests or of JSON characters. */
const maxChunkRequests = 250;
const maxChunkLength = 1024 * 1024;

export interface Staged {
  uploadId: string;
  total: number;
  /** The number of requests by type. */
  counts: Record<JobType, number>;
  /** A digest of all requests in order. */
  digest: Hash;
}

interface Deps {
  store: Store;
  settings: JobDefaults;
  webhooks: WebhookPolicy;
}

interface Submission {
  tenant: string;
  /** Whether the batch was accepted before. If so, its webhooks are not checked again. */
  isReplayed: () => Promise<boolean>;
}

/**
 * Checks the requests as they arrive and stages them in Redis, where they are invisible. Only one chunk and the
 * `custom_id`s are held in memory.
 * @throws {Problem} `invalid_request` with the first faults of the requests; nothing is left in Redis
 */
export async function stageRequests(
  { store, settings, webhooks }: Deps,
  requests: AsyncIterable<ReadRequest> | Iterable<ReadRequest>,
  { tenant, isReplayed }: Submission,
): Promise<Staged> {
  const uploadId = randomUUID();
  const digest = createHash('sha256');
  const faults: Fault[] = [];
  const names = new Set<string>();
  let total = 0;
  const counts = { chat: 0, analysis: 0 };
  let chunk: StagedRequest[] = [];
  let chunkLength = 0;

  const write = async () => {
    await store.batches.stage(uploadId, chunk);
    chunk = [];
    chunkLength = 0;
  };

  try {
    for await (const read of requests) {
      if (total === maxRequests) {
        faults.push({
          pointer: read.pointer,
          detail: `At most ${maxRequests} requests per batch.`,
        });
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
        submission.webhook &&
        !(await isReplayed()) &&
        (await webhookFault(webhooks, submission.webhook, tenant));
      if (fault) {
        const pointer = `${read.pointer}${fault.pointer}`;
        faults.push({ pointer, detail: `${read.where}${fault.detail}` });
        continue;
      }
      counts[submission.type] += 1;
      const spec = toJobSpec(submission, settings, tenant, webhooks.secrets);
      const json = canonicalJson(found.request);
      digest.update(`${json}\n`);
      chunk.push({ index, customId: custom_id, spec });
      chunkLength += json.length;
      if (chunk.length === maxChunkRequests || chunkLength >= maxChunkLength) await write();
    }
    if (faults.length > 0) throw invalid(faults);
    if (total === 0) throw invalid([{ pointer: '', detail: 'The batch has no requests.' }]);
    await write();
  } catch (error) {
    // If this fails as well, the upload expires. The first error is reported.
    await store.batches.dropUpload(uploadId).catch(() => undefined);
    throw error;
  }
  return { uploadId, total, counts, digest };
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
