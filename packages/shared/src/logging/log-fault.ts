import type { Logger } from 'pino';
import { describeError } from './describe-error.ts';

/**
 * Logs a fault of our own: its kind at `error`, its text and stack at `debug` only, where an operator
 * who looks for it accepts that prompts may show.
 */
export function logFault(log: Logger, error: unknown, text: string, fields: object = {}): void {
  log.error({ ...fields, error: describeError(error) }, text);
  log.debug({ ...fields, err: error }, text);
}
