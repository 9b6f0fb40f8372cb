import { ReplyError } from 'ioredis';
import { ZodError } from 'zod';

/** Redis is unavailable: unreachable, full, loading, read-only or too slow. The same call may succeed later. */
export class StoreUnavailableError extends Error {
  override readonly name = 'StoreUnavailableError';

  constructor(cause?: unknown) {
    super('the job store is not available', { cause });
  }
}

/** Temporary error replies. The first word of an error reply is its code (Redis protocol, "Simple errors"). */
const passingReplies = new Set([
  'BUSY',
  'CLUSTERDOWN',
  'LOADING',
  'MASTERDOWN',
  'MISCONF',
  'NOREPLICAS',
  'NOSCRIPT',
  'OOM',
  'READONLY',
  'TRYAGAIN',
]);

/**
 * The error that a verb of the store throws: `StoreUnavailableError` for a temporary fault, otherwise the fault itself.
 */
export function toStoreError(fault: unknown): unknown {
  if (fault instanceof StoreUnavailableError || isOurFault(fault)) return fault;
  return new StoreUnavailableError(fault);
}

/** Whether this is an error reply of Redis (full, read-only, ...) and not a lost connection. */
export function isErrorReply(fault: unknown): boolean {
  return fault instanceof ReplyError;
}

/** Whether the fault is a bug, such as a reply that cannot be parsed or an unknown command. A retry does not help. */
function isOurFault(fault: unknown): boolean {
  if (fault instanceof ReplyError) {
    // A rejected transaction has the code EXECABORT. ioredis keeps the replies with the causes.
    const { previousErrors } = fault as { previousErrors?: Error[] };
    const causes = previousErrors?.length ? previousErrors : [fault as Error];
    return causes.some(({ message }) => !passingReplies.has(message.split(' ', 1)[0] ?? ''));
  }
  return [ZodError, TypeError, SyntaxError, RangeError].some((kind) => fault instanceof kind);
}
