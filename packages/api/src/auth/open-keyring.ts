import type { Logger } from '@promptq/shared/logging';
import { KeyEntryError, type KeyEntry } from '@promptq/shared/keys';
import { SettingsError } from '@promptq/shared/settings';
import type { ApiSettings } from '../settings.ts';
import { readKeyFile, watchKeyFile } from './key-file.ts';
import { keyringOf, type Keyring } from './keyring.ts';

export interface OpenKeyring extends Keyring {
  close(): void;
}

/**
 * The keys of `API_KEYS` and of `API_KEYS_FILE`, for as long as the process lives; `null` when neither is set.
 * @throws {SettingsError} when the file cannot be used
 */
export function openKeyring(
  { API_KEYS, API_KEYS_FILE }: Pick<ApiSettings, 'API_KEYS' | 'API_KEYS_FILE'>,
  log: Logger,
): OpenKeyring | null {
  if (!API_KEYS && !API_KEYS_FILE) return null;
  const given = API_KEYS ?? [];
  if (!API_KEYS_FILE) return { ...keyringOf(given), close: () => undefined };
  const keyring = keyringOf([...given, ...readFirst(API_KEYS_FILE)]);
  const close = watchKeyFile(API_KEYS_FILE, log, (entries) =>
    keyring.replace([...given, ...entries]),
  );
  return { ...keyring, close };
}

function readFirst(file: string): KeyEntry[] {
  try {
    return readKeyFile(file);
  } catch (error) {
    const fault = error instanceof KeyEntryError ? error.message : 'cannot be read';
    throw new SettingsError([`API_KEYS_FILE: ${fault}`]);
  }
}
