import { ReplyError } from 'ioredis';
import { ZodError } from 'zod';

/** Redis cannot serve now: it is away, full, loading, read-only or too slow. The same call may succeed later. */
export class StoreUnavailableError extends Error {
  override readonly name = 'StoreUnavailableError';

  constructor(cause?: unknown) {
    super('the job store is not available', { cause });
  }
}

/** Error replies that pass. The first word of an error reply is its code (Redis protocol, "Simple errors"). */
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

/** What a verb of the store throws for a fault: `StoreUnavailableError` for one that passes, the fault itself otherwise. */
export function toStoreError(fault: unknown): unknown {
  if (fault instanceof StoreUnavailableError || isOurFault(fault)) return fault;
  return new StoreUnavailableError(fault);
}

/** Whether this is an error reply of Redis (full, read-only, ...) and not a lost connection. */
export function isErrorReply(fault: unknown): boolean {
  return fault instanceof ReplyError;
}

/** A reply that could not be read, a command that Redis does not know: waiting does not help. */
function isOurFault(fault: unknown): boolean {
  if (fault instanceof ReplyError) {
    // A transaction that was refused says EXECABORT; ioredis keeps the replies that say why.
    const { previousErrors } = fault as { previousErrors?: Error[] };
    const causes = previousErrors?.length ? previousErrors : [fault as Error];
    return causes.some(({ message }) => !passingReplies.has(message.split(' ', 1)[0] ?? ''));
  }
  return [ZodError, TypeError, SyntaxError, RangeError].some((kind) => fault instanceof kind);
}
