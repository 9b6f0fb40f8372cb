export { describeError, type ErrorDescription } from './describe-error.ts';
export { logFault } from './log-fault.ts';
export { createLogger, withoutRedaction, type Logger } from './logger.ts';
