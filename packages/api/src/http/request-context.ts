import type { Request, RequestHandler, Response } from 'express';
import { v4 as uuidv4 } from 'uuid';

/** Called when a request is answered or its client has left. @param ms since it began */
export type RequestObserver = (req: Request, res: Response, ms: number) => void;

/**
 * Sets the request id and calls the observers. One middleware for all, because each layer of Express costs as much as
 * validating a submission.
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

/** The id of a request: the caller's `X-Request-Id` if it is safe to echo and log, else a new one. */
function requestIdFor(req: Request): string {
  const given = req.get('x-request-id');
  return given !== undefined && safeId.test(given) ? given : uuidv4();
}
