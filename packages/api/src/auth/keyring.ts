import { timingSafeEqual } from 'node:crypto';
import { hashOfApiKey, idOfApiKey, type KeyEntry, type Scope } from '@promptq/shared/api-keys';

/** The caller of a request and its scopes. */
export interface Caller {
  tenant: string;
  scopes: readonly Scope[];
  /** The public id of the key; `null` when there are no keys. */
  keyId: string | null;
}

/** The keys of this process. */
export interface Keyring {
  /** The caller with this key, or `null`. An unknown id takes as long as a wrong secret. */
  callerOf(key: string): Caller | null;
  /** Replaces all keys. */
  replace(entries: readonly KeyEntry[]): void;
}

const dummyHash = Buffer.alloc(32);

export function keyringOf(first: readonly KeyEntry[]): Keyring {
  let byId = new Map<string, KeyEntry>();
  const replace = (entries: readonly KeyEntry[]) => {
    byId = new Map(entries.map((entry) => [entry.id, entry]));
  };
  replace(first);
  return {
    replace,
    callerOf: (key) => {
      const id = idOfApiKey(key);
      if (id === null) return null;
      const entry = byId.get(id);
      const isRight = timingSafeEqual(hashOfApiKey(key), entry?.hash ?? dummyHash);
      return entry && isRight ? { tenant: entry.tenant, scopes: entry.scopes, keyId: id } : null;
    },
  };
}
