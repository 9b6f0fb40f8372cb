export { describeError, logFault, type ErrorDescription } from './describe-error.ts';
export { createLogger, withoutRedaction, type Logger } from './logger.ts';
