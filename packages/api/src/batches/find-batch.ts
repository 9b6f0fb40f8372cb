import type { PublicBatch } from '@promptq/shared/contracts';
import { toPublicBatch } from '@promptq/shared/jobs';
import type { FoundBatch, Store } from '@promptq/store';
import { Problem } from '../problems/problem.ts';
import type { ApiSettings } from '../settings.ts';

export interface BatchDeps {
  store: Store;
  settings: Pick<ApiSettings, 'RESULT_TTL_SECONDS'>;
}

/** Finds a batch of this tenant. A batch of another tenant is not found. @throws {Problem} `not_found` */
export async function findBatch(
  { store, settings }: BatchDeps,
  id: string,
  tenant: string,
): Promise<PublicBatch> {
  return publicBatch(await store.batches.find(id, tenant), settings);
}

/** The public form of the batch that was found. @throws {Problem} `not_found` */
export function publicBatch(
  found: FoundBatch | null,
  { RESULT_TTL_SECONDS: resultTtlSeconds }: BatchDeps['settings'],
): PublicBatch {
  if (!found) throw new Problem('not_found', 'This batch does not exist, or it is no longer kept.');
  return toPublicBatch(found.record, { active: found.active, resultTtlSeconds });
}
