import type { RequestHandler } from 'express';
import type { Logger } from '@promptq/shared/logging';
import { requestIdOf } from './request-id.ts';

/** Asked every few seconds by whoever runs the process: no news while all is well. */
const probes = new Set(['/healthz', '/readyz']);

/**
 * One line per request, when it is answered or its client has left. Neither bodies nor queries are logged: they hold
 * prompts and user ids.
 */
export function logRequests(log: Logger): RequestHandler {
  return (req, res, next) => {
    const startedAt = performance.now();
    const path = req.originalUrl.split('?', 1)[0] as string;
    res.once('close', () => {
      const level = res.statusCode >= 500 ? 'warn' : probes.has(path) ? 'debug' : 'info';
      log[level](
        {
          request_id: requestIdOf(res),
          req: { method: req.method, path },
          res: { status: res.statusCode },
          ms: Math.round(performance.now() - startedAt),
        },
        res.writableFinished ? 'answered' : 'the client has left',
      );
    });
    next();
  };
}
