import { defaultTenant } from '@promptq/shared/contracts';
import type { Logger } from '@promptq/shared/logging';
import { KeyEntryError, type KeyEntry } from '@promptq/shared/api-keys';
import { SettingsError } from '@promptq/shared/settings';
import type { ApiSettings } from '../settings.ts';
import { checkWebhookSecrets } from './check-webhook-secrets.ts';
import { readKeyFile, watchKeyFile } from './key-file.ts';
import { keyringOf, type Keyring } from './keyring.ts';

export interface OpenKeyring extends Keyring {
  close(): void;
}

type Deps = Pick<ApiSettings, 'API_KEYS' | 'API_KEYS_FILE' | 'WEBHOOK_SECRETS_OF_TENANTS'>;

/**
 * Opens the keys of `API_KEYS` and `API_KEYS_FILE` and watches the file. `null`: neither is set.
 * @throws {SettingsError} when the file cannot be used, or tenants share a webhook secret
 */
export function openKeyring(
  { API_KEYS, API_KEYS_FILE, WEBHOOK_SECRETS_OF_TENANTS: secrets }: Deps,
  log: Logger,
): OpenKeyring | null {
  const check = (entries: Pick<KeyEntry, 'tenant'>[]) =>
    checkWebhookSecrets(
      entries.map(({ tenant }) => tenant),
      secrets,
      log,
    );
  if (!API_KEYS && !API_KEYS_FILE) {
    check([{ tenant: defaultTenant }]);
    return null;
  }
  const given = API_KEYS ?? [];
  const first = [...given, ...(API_KEYS_FILE ? readFirst(API_KEYS_FILE) : [])];
  refuseAsSetting(API_KEYS_FILE ? 'API_KEYS_FILE' : 'API_KEYS', () => check(first));
  const keyring = keyringOf(first);
  if (!API_KEYS_FILE) return { ...keyring, close: () => undefined };
  const close = watchKeyFile(API_KEYS_FILE, log, (entries) => {
    const all = [...given, ...entries];
    check(all);
    keyring.replace(all);
  });
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

function refuseAsSetting(name: string, check: () => void): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof KeyEntryError)) throw error;
    throw new SettingsError([`${name}: ${error.message}`]);
  }
}
