import type { StoreContext } from '../context.ts';
import type { Idempotency } from '../jobs/add.ts';
import { defineScript } from '../scripts/script.ts';
import { batchCreatedAt, newBatchId } from '@promptq/shared/jobs';
import { StoreUnavailableError } from '../store-error.ts';

const create = defineScript(import.meta.url, 'create-batch');

/**
 * The record of an Idempotency-Key ends with its batch (see count-result.lua). This limit is for a batch that never
 * ends.
 */
const maxLifetimeMs = 90 * 24 * 3_600 * 1_000;

/** A batch to create from an upload. */
export interface NewBatch {
  uploadId: string;
  /** How many requests the upload has. */
  total: number;
  tenant: string;
  metadata: Record<string, string>;
  /** The receiver of the webhook of its end; `null`: the batch has no webhook. */
  webhookUrl: string | null;
  /** Whether the tenant has a webhook secret of its own. */
  ownSecret: boolean;
}

/** The result of a submission of a batch. */
export interface CreatedBatch {
  id: string;
  /** 'replayed': a batch was created with the same Idempotency-Key before. */
  kind: 'created' | 'replayed';
  /** The fingerprint of the submission that created the batch; empty when it had no Idempotency-Key. */
  fingerprint: string;
}

/**
 * Creates a batch from an upload in one round trip: see create-batch.lua. When it throws, the batch may have been
 * created or not. With an Idempotency-Key, the submission can be repeated safely.
 * @throws {StoreUnavailableError} also when Redis has lost requests of the upload
 */
export async function createBatch(
  { redis, keys }: StoreContext,
  { uploadId, total, tenant, metadata, webhookUrl, ownSecret }: NewBatch,
  idempotency: Idempotency | null,
): Promise<CreatedBatch> {
  const id = newBatchId();
  const fingerprint = idempotency?.fingerprint ?? '';
  const reply = (await create(redis, {
    keys: [
      keys.batch(id),
      keys.batchWaiting(id),
      keys.batchResults(id),
      keys.stagedWaiting(uploadId),
      keys.stagedResults(uploadId),
      keys.openBatches,
      ...(idempotency ? [keys.idempotency(idempotency.scope)] : []),
    ],
    control: {
      root: keys.root,
      id,
      total,
      created_at: batchCreatedAt(id),
      key_ttl: maxLifetimeMs,
      fields: {
        tenant,
        fingerprint,
        webhook_url: webhookUrl ?? '',
        own_secret: webhookUrl !== null && ownSecret ? '1' : '',
        idempotency_scope: idempotency?.scope ?? '',
      },
    },
    payloads: [JSON.stringify(metadata)],
  })) as ['created'] | ['lost'] | ['replayed', id: string, fingerprint: string];
  switch (reply[0]) {
    case 'created':
      return { id, kind: 'created', fingerprint };
    case 'replayed':
      return { id: reply[1], kind: 'replayed', fingerprint: reply[2] };
    case 'lost':
      throw new StoreUnavailableError(new Error('Redis lost the requests of an upload'));
  }
}
