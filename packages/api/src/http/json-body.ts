import { isUtf8 } from 'node:buffer';
import express, { type RequestHandler } from 'express';
import { Problem } from './problem.ts';

const usualBytes = 1024 * 1024;

const requireJson: RequestHandler = (req, _res, next) => {
  const mediaType = req.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase();
  if (mediaType === 'application/json') return next();
  next(
    new Problem('unsupported_media_type', 'Send the body as Content-Type: application/json.', {
      headers: { 'Accept-Post': 'application/json' },
    }),
  );
};

/** The decoder would put replacement characters where bytes are no UTF-8, and nobody would know. */
function requireUtf8(_req: unknown, _res: unknown, body: Buffer, encoding: string): void {
  if (encoding !== 'utf-8')
    throw Object.assign(new Error(encoding), { type: 'charset.unsupported' });
  if (!isUtf8(body)) throw Object.assign(new Error('not UTF-8'), { type: 'entity.parse.failed' });
}

/** Reads a JSON body of any JSON type: the schema says what is wrong with it. */
export function jsonBodyUpTo(limitBytes: number): RequestHandler[] {
  return [
    requireJson,
    express.json({ limit: limitBytes, strict: false, type: () => true, verify: requireUtf8 }),
  ];
}

/** A JSON body of at most 1 MiB. */
export const jsonBody: RequestHandler[] = jsonBodyUpTo(usualBytes);
