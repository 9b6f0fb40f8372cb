import type { PublicBatch } from '@promptq/shared/contracts';
import { toPublicBatch } from '@promptq/shared/jobs';
import type { FoundBatch, Store } from '@promptq/store';
import { Problem } from '../problems/problem.ts';
import type { ApiSettings } from '../settings.ts';

export interface BatchDeps {
  store: Store;
  settings: Pick<ApiSettings, 'RESULT_TTL_SECONDS'>;
}

/** The batch of this tenant as it is now; another tenant's is answered as if there were none. @throws {Problem} `not_found` */
export async function findBatch(
  { store, settings }: BatchDeps,
  id: string,
  tenant: string,
): Promise<PublicBatch> {
  return publicBatch(await store.batches.find(id, tenant), settings);
}

/** The batch that was found, as clients see it. @throws {Problem} `not_found` */
export function publicBatch(
  found: FoundBatch | null,
  { RESULT_TTL_SECONDS: resultTtlSeconds }: BatchDeps['settings'],
): PublicBatch {
  if (!found) throw new Problem('not_found', 'There is no such batch, or it is no longer kept.');
  return toPublicBatch(found.record, { active: found.active, resultTtlSeconds });
}
