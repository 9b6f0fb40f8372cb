import { toStoreError } from './store-error.ts';

type Verb = (...args: never[]) => Promise<unknown>;

/** The same verbs, which throw `StoreUnavailableError` when Redis cannot serve now: see `toStoreError`. */
export function guardVerbs<Verbs extends Record<string, Verb>>(verbs: Verbs): Verbs {
  const guarded = Object.entries(verbs).map(([name, verb]) => [
    name,
    async (...args: never[]) => {
      try {
        return await verb(...args);
      } catch (fault) {
        throw toStoreError(fault);
      }
    },
  ]);
  return Object.fromEntries(guarded) as Verbs;
}
