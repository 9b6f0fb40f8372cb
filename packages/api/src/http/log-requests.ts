import type { RequestHandler } from 'express';
import type { Logger } from '@promptq/shared/logging';
import { requestIdOf } from './request-id.ts';

/** Asked every few seconds by whoever runs the process: no news while all is well. */
const probes = new Set(['/healthz', '/readyz', '/metrics']);

/** One line per answered request. Neither bodies nor queries are logged: they hold prompts and user ids. */
export function logRequests(log: Logger): RequestHandler {
  return (req, res, next) => {
    const startedAt = performance.now();
    const { method, path } = req;
    res.once('close', () => {
      const status = res.statusCode;
      const fields = {
        request_id: requestIdOf(res),
        req: { method, path },
        res: { status },
        ms: Math.round(performance.now() - startedAt),
      };
      // The connection ended before the answer was sent: the client has gone, or we have cut it off.
      if (!res.writableFinished) log.info({ ...fields, aborted: true }, 'not answered');
      else if (status >= 500) log.warn(fields, 'answered');
      else if (probes.has(path)) log.debug(fields, 'answered');
      else log.info(fields, 'answered');
    });
    next();
  };
}
