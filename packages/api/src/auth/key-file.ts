import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { KeyEntryError, readKeyEntries, type KeyEntry } from '@promptq/shared/api-keys';
import { describeError, type Logger } from '@promptq/shared/logging';

/** The file is polled, because this works on every file system and for replaced symbolic links (Kubernetes secrets). */
const pollIntervalMs = 2_000;

/** @throws {Error} when the file cannot be read or has a faulty entry */
export function readKeyFile(path: string): KeyEntry[] {
  return readKeyEntries(readFileSync(path, 'utf8'));
}

/**
 * Calls `onChange` with the keys whenever the file has changed. `onChange` may reject them with a `KeyEntryError`. When
 * the file is missing or faulty, the previous keys stay valid and each attempt to read it logs an error.
 * @returns stops watching
 */
export function watchKeyFile(
  path: string,
  log: Logger,
  onChange: (entries: KeyEntry[]) => void,
): () => void {
  const readAgain = async () => {
    try {
      const entries = readKeyEntries(await readFile(path, 'utf8'));
      onChange(entries);
      log.info({ keys: entries.length }, 'reloaded the API keys');
    } catch (error) {
      log.error(
        error instanceof KeyEntryError ? { fault: error.message } : { error: describeError(error) },
        'could not load API_KEYS_FILE: the previous keys stay valid',
      );
    }
  };
  const listener = () => void readAgain();
  watchFile(path, { interval: pollIntervalMs }, listener);
  return () => unwatchFile(path, listener);
}
