import type { Request, Response } from 'express';
import { v4 as uuidv4 } from 'uuid';

const safeId = /^[A-Za-z0-9._~:+/=@-]{1,128}$/;

/** The id of a request: the caller's `X-Request-Id` when it is safe to echo and to log, else ours. */
export function idFor(req: Request): string {
  const given = req.get('x-request-id');
  return given !== undefined && safeId.test(given) ? given : uuidv4();
}

/** The id of the request that is answered with this. */
export function requestIdOf(res: Response): string {
  return String(res.getHeader('X-Request-Id') ?? '');
}
