import {
  hashOfApiKey,
  newApiKey,
  writeKeyEntry,
  type KeyEntry,
  type Scope,
} from '@promptq/shared/api-keys';

export interface Key {
  key: string;
  entry: KeyEntry;
}

/** A new key of a tenant. */
export function keyOf(tenant: string, scopes: Scope[]): Key {
  const { id, key } = newApiKey();
  return { key, entry: { id, tenant, scopes, hash: hashOfApiKey(key) } };
}

/** What `API_KEYS` is set to. */
export function apiKeys(...keys: Key[]): string {
  return keys.map(({ entry }) => writeKeyEntry(entry)).join(',');
}

export function bearer({ key }: Pick<Key, 'key'>): { authorization: string } {
  return { authorization: `Bearer ${key}` };
}
