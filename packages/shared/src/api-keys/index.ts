export { hashOfApiKey, idOfApiKey, newApiKey } from './api-key.ts';
export {
  KeyEntryError,
  readKeyEntries,
  scopes,
  scopeSchema,
  tenantSchema,
  writeKeyEntry,
  type KeyEntry,
  type Scope,
} from './key-entry.ts';
