import { toStoreError } from './store-error.ts';

/** The same entries, with `StoreUnavailableError` in place of a fault that passes: see `toStoreError`. */
export async function* guardIteration<Entry>(
  entries: AsyncIterable<Entry>,
): AsyncGenerator<Entry, void> {
  try {
    yield* entries;
  } catch (fault) {
    throw toStoreError(fault);
  }
}
