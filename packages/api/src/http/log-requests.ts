import { pinoHttp } from 'pino-http';
import type { RequestHandler } from 'express';
import type { Logger } from '@promptq/shared/logging';

/** Asked every few seconds by whoever runs the process: no news while all is well. */
const probes = new Set(['/healthz', '/readyz', '/metrics']);

/** One line per answered request. Neither bodies nor queries are logged: they hold prompts and user ids. */
export function logRequests(log: Logger): RequestHandler {
  return pinoHttp({
    logger: log,
    quietReqLogger: true,
    customLogLevel: (req, res, error) => {
      if (error || res.statusCode >= 500) return 'warn';
      return probes.has(req.url ?? '') ? 'debug' : 'info';
    },
    customSuccessMessage: () => 'answered',
    customErrorMessage: () => 'answered',
    customAttributeKeys: { reqId: 'request_id', responseTime: 'ms' },
    serializers: {
      req: (req: { method: string; url: string }) => ({
        method: req.method,
        path: req.url.split('?', 1)[0],
      }),
      res: (res: { statusCode: number }) => ({ status: res.statusCode }),
      // The error handler has told what went wrong already, without its text.
      err: () => undefined,
    },
  });
}
