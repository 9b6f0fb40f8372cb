import type { Logger } from 'pino';

/**
 * What may be logged about an error at `info` and above: its name and code, and those of its causes. Messages and
 * stacks can contain prompts (from a JSON parser), keys (from an upstream) and URLs with passwords, so they are logged
 * only at `debug`, see `logFault`.
 */
export interface ErrorDescription {
  name: string;
  code?: string | number;
  cause?: ErrorDescription;
}

const maxCauseDepth = 5;

export function describeError(error: unknown, depth = 0): ErrorDescription {
  if (!(error instanceof Error)) return { name: typeof error };
  const code = codeOf(error);
  return {
    name: error.name,
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    ...(error.cause !== undefined && depth < maxCauseDepth
      ? { cause: describeError(error.cause, depth + 1) }
      : {}),
  };
}

/** A ReplyError's code is the first word of its text: WRONGPASS, OOM (Redis protocol, "Simple errors"). */
function codeOf(error: Error): unknown {
  if ('code' in error) return error.code;
  return error.name === 'ReplyError' ? /^[A-Z]+\b/.exec(error.message)?.[0] : undefined;
}

/**
 * Logs an internal error: its name and code at `error`; its message and stack only at `debug`, where prompts may appear
 * in the log.
 */
export function logFault(log: Logger, error: unknown, text: string, fields: object = {}): void {
  log.error({ ...fields, error: describeError(error) }, text);
  log.debug({ ...fields, err: error }, text);
}
