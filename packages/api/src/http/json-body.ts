import express, { type RequestHandler } from 'express';
import { Problem } from './problem.ts';

const maxBodyBytes = 1024 * 1024;

const requireJson: RequestHandler = (req, _res, next) => {
  const mediaType = req.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase();
  if (mediaType === 'application/json') return next();
  next(
    new Problem('unsupported_media_type', 'Send the body as Content-Type: application/json.', {
      headers: { 'Accept-Post': 'application/json' },
    }),
  );
};

/** Reads a JSON body of at most 1 MiB, of any JSON type: the schema says what is wrong with it. */
export const jsonBody: RequestHandler[] = [
  requireJson,
  express.json({ limit: maxBodyBytes, strict: false, type: () => true }),
];
