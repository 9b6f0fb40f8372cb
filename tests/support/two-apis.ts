import type { PromptQOptions } from '@promptq/client';

/**
 * What stands before several API processes, as a load balancer does: each request goes to the first of them that
 * can be reached.
 */
export function firstReachable(urls: () => string[]): NonNullable<PromptQOptions['fetch']> {
  return async (input, init) => {
    const { pathname, search } = new URL(input instanceof Request ? input.url : input);
    let failure: unknown;
    for (const url of urls()) {
      try {
        return await fetch(`${url}${pathname}${search}`, init);
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  };
}
