import { withoutRedaction, type Logger } from '@promptq/shared/logging';
import type { RequestObserver } from './request-context.ts';
import { requestIdOf } from '../problems/problem.ts';

/** Probes come every few seconds and are logged only at `debug`. */
const probes = new Set(['/healthz', '/readyz']);

/** Logs one line per request, without bodies and queries, which hold prompts and user ids. */
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
      res.writableFinished ? 'answered' : 'client disconnected',
    );
  };
}
