import type { Request, RequestHandler, Response } from 'express';
import { idFor } from './request-id.ts';

/** Told of a request when it is answered or its client has left. @param ms since it began */
export type RequestObserver = (req: Request, res: Response, ms: number) => void;

/**
 * What comes before the routes, in one step for all: each layer of Express and each listener costs as much as
 * checking a submission.
 */
export function requestContext(observers: readonly RequestObserver[]): RequestHandler {
  return (req, res, next) => {
    const startedAtMs = performance.now();
    res.setHeader('X-Request-Id', idFor(req));
    res.once('close', () => {
      const ms = performance.now() - startedAtMs;
      for (const observe of observers) observe(req, res, ms);
    });
    next();
  };
}
