import { withoutRedaction, type Logger } from '@promptq/shared/logging';
import type { RequestObserver } from './request-context.ts';
import { requestIdOf } from '../problems/problem.ts';

/** Asked every few seconds by whoever runs the process: no news while all is well. */
const probes = new Set(['/healthz', '/readyz']);

/** One line per request. Neither bodies nor queries are logged: they hold prompts and user ids. */
export function logRequest(log: Logger): RequestObserver {
  const lines = withoutRedaction(log);
  return (req, res, ms) => {
    const path = req.originalUrl.split('?', 1)[0] as string;
    const level = res.statusCode >= 500 ? 'warn' : probes.has(path) ? 'debug' : 'info';
    lines[level](
      {
        request_id: requestIdOf(res),
        req: { method: req.method, path },
        res: { status: res.statusCode },
        ms: Math.round(ms),
      },
      res.writableFinished ? 'answered' : 'the client has left',
    );
  };
}
