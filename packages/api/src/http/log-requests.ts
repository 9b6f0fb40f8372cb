import type { RequestHandler } from 'express';
import type { Logger } from '@promptq/shared/logging';

/** Asked every few seconds by whoever runs the process: no news while all is well. */
const probes = new Set(['/healthz', '/readyz']);

/**
 * One line per request, when it is answered or its client has left before. Neither bodies nor queries are logged:
 * they hold prompts and user ids. A line and no more: thousands of requests may wait at a time, and a logger for
 * each of them (as pino-http makes two) is a sixth of what they cost.
 */
export function logRequests(log: Logger): RequestHandler {
  return (req, res, next) => {
    const startedAt = performance.now();
    const path = req.originalUrl.split('?', 1)[0] as string;
    res.once('close', () => {
      const isAnswered = res.writableFinished;
      const level = res.statusCode >= 500 ? 'warn' : probes.has(path) ? 'debug' : 'info';
      log[level](
        {
          request_id: req.id,
          req: { method: req.method, path },
          res: { status: res.statusCode },
          ms: Math.round(performance.now() - startedAt),
        },
        isAnswered ? 'answered' : 'the client has left',
      );
    });
    next();
  };
}
