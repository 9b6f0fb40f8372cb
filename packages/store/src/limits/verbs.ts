import type { StoreContext } from '../context.ts';
import { guardVerbs } from '../guard-verbs.ts';
import { countRequest, isKnown, type CountedRequest } from './rate.ts';

/** `store.limits`. */
export function limitVerbs(context: StoreContext) {
  return guardVerbs({
    countRequest: (request: CountedRequest) => countRequest(context, request),
    isKnown: (scope: string) => isKnown(context, scope),
  });
}
