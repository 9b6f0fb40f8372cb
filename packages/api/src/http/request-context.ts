import { randomUUID } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';

/** Called when a request is answered or its client has disconnected. @param ms since the request began */
export type RequestObserver = (req: Request, res: Response, ms: number) => void;

/**
 * Sets the request id and notifies the observers. One middleware does both, because each middleware and each listener
 * costs as much as validating a submission.
 */
export function requestContext(observers: readonly RequestObserver[]): RequestHandler {
  return (req, res, next) => {
    const startedAtMs = performance.now();
    res.setHeader('X-Request-Id', requestIdFor(req));
    res.once('close', () => {
      const ms = performance.now() - startedAtMs;
      for (const observe of observers) observe(req, res, ms);
    });
    next();
  };
}

const safeId = /^[A-Za-z0-9._~:+/=@-]{1,128}$/;

/** The id of a request: the caller's `X-Request-Id` if it is safe to return and to log, otherwise a new one. */
function requestIdFor(req: Request): string {
  const given = req.get('x-request-id');
  return given !== undefined && safeId.test(given) ? given : randomUUID();
}
