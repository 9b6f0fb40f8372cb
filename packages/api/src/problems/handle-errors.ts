import type { ErrorRequestHandler } from 'express';
import { describeError, logFault, type Logger } from '@promptq/shared/logging';
import { StoreUnavailableError } from '@promptq/store';
import {
  malformed,
  Problem,
  sendProblem,
  tooLarge,
  requestIdOf,
  type ProblemCode,
} from './problem.ts';
import { storeUnavailable } from './store-unavailable.ts';

interface Metrics {
  countProblem(code: ProblemCode): void;
}

/** Turns every error into a response. */
export function handleErrors(log: Logger, metrics: Metrics): ErrorRequestHandler {
  return (error: unknown, _req, res, _next) => {
    const problem = toProblem(error);
    metrics.countProblem(problem.code);
    if (problem.code === 'internal_error') {
      logFault(log, error, 'a request failed', { request_id: requestIdOf(res) });
    } else if (problem.status >= 500) {
      log.warn({ request_id: requestIdOf(res), error: describeError(problem.cause) }, problem.code);
    }
    if (res.headersSent) {
      res.destroy();
      return;
    }
    sendProblem(res, problem);
  };
}

/**
 * The errors of body-parser and Express have a `status`; those of body-parser also have a `type` (its README,
 * "Errors").
 */
function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof StoreUnavailableError) return storeUnavailable(error);
  const { status, type, limit } = (error ?? {}) as Record<string, unknown>;
  switch (type) {
    case 'entity.parse.failed':
      return malformed(error);
    case 'entity.too.large':
      return tooLarge(Number(limit), error);
    case 'encoding.unsupported':
      return new Problem('unsupported_media_type', 'This Content-Encoding is not supported.', {
        cause: error,
      });
    case 'charset.unsupported':
      return new Problem('unsupported_media_type', 'The body must be UTF-8.', { cause: error });
  }
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new Problem('invalid_request', 'The request could not be read.', { cause: error });
  }
  return new Problem('internal_error', 'An internal error occurred. It has been logged.', {
    cause: error,
  });
}
