import type { RequestHandler, Response } from 'express';
import { v4 as uuidv4 } from 'uuid';

declare module 'node:http' {
  interface IncomingMessage {
    /** Of the request, see `requestId`. */
    id: string;
  }
}

const safeId = /^[A-Za-z0-9._~:+/=@-]{1,128}$/;

/** Gives every request an id: the caller's `X-Request-Id` when it is safe to echo and to log, else ours. */
export const requestId: RequestHandler = (req, res, next) => {
  const given = req.get('x-request-id');
  const id = given !== undefined && safeId.test(given) ? given : uuidv4();
  res.set('X-Request-Id', id);
  next();
};

/** The id of the request that is answered with this. */
export function requestIdOf(res: Response): string {
  return res.get('X-Request-Id') ?? '';
}
