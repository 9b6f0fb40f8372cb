import { inject } from 'vitest';
import type { Logger } from '@promptq/shared/logging';
import type { AddLimits, StoreOptions } from '@promptq/store';
import { openContext } from '#packages/store/src/open-context.ts';
import { composeStore } from '#packages/store/src/open-store.ts';

/** Adds as many jobs as are asked for. */
export const unlimited: AddLimits = {
  maxWaiting: Number.MAX_SAFE_INTEGER,
  maxOpenPerTenant: 0,
  tenantWeights: null,
};

type Given = Pick<StoreOptions, 'url' | 'prefix' | 'log'> & Partial<StoreOptions>;

/** A store as a worker process opens it, and the connection that its commands are sent on. It is not started yet. */
export function openRawStore(given: Given, limits = unlimited) {
  const opened = openContext({ role: 'worker', resultTtlSeconds: 86_400, ...given });
  return { ...composeStore(opened, limits), context: opened.context };
}

export type RawStore = ReturnType<typeof openRawStore>;

/** A started store on the keys of a stack. The caller closes it. */
export async function storeOf(
  { prefix }: { prefix: string },
  limits = unlimited,
): Promise<RawStore> {
  const store = openRawStore({ url: inject('redisUrl'), prefix, log: silentLog }, limits);
  await store.start(new AbortController().signal);
  return store;
}

export const silentLog = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
} as unknown as Logger;
