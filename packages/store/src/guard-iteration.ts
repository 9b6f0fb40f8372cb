import { toStoreError } from './store-error.ts';

/** The same entries; a temporary fault becomes a `StoreUnavailableError`: see `toStoreError`. */
export async function* guardIteration<Entry>(
  entries: AsyncIterable<Entry>,
): AsyncGenerator<Entry, void> {
  try {
    yield* entries;
  } catch (fault) {
    throw toStoreError(fault);
  }
}
