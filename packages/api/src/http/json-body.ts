import { AsyncResource } from 'node:async_hooks';
import { isUtf8 } from 'node:buffer';
import express, { type Request, type RequestHandler } from 'express';
import { malformed, Problem } from '../problems/problem.ts';

const defaultMaxBytes = 1024 * 1024;
const plainTypes = new Set(['application/json', 'application/json; charset=utf-8']);

/** Reads a JSON body of any JSON type: the schema says what is wrong with it. */
export function jsonBodyUpTo(limitBytes: number): RequestHandler[] {
  const anyJson = express.json({
    limit: limitBytes,
    strict: false,
    type: () => true,
    verify: requireUtf8,
  });
  return [
    (req, res, next) => {
      requireJson(req);
      if (isPlain(req, limitBytes)) readPlain(req, next);
      else anyJson(req, res, next);
    },
  ];
}

/** A JSON body of at most 1 MiB. */
export const jsonBody: RequestHandler[] = jsonBodyUpTo(defaultMaxBytes);

function requireJson(req: Request): void {
  const mediaType = req.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (mediaType === 'application/json') return;
  throw new Problem('unsupported_media_type', 'Send the body as Content-Type: application/json.', {
    headers: { 'Accept-Post': 'application/json' },
  });
}

/** Whether the body is of the common kind: UTF-8, not compressed, and with a `Content-Length` within the limit. */
function isPlain({ headers }: Request, limitBytes: number): boolean {
  return (
    headers['content-encoding'] === undefined &&
    plainTypes.has(headers['content-type'] ?? '') &&
    Number(headers['content-length'] ?? Infinity) <= limitBytes
  );
}

/** Express's reader is for every encoding and charset, and costs such a body more than the parsing. */
function readPlain(req: Request, next: (error?: unknown) => void): void {
  const chunks: Buffer[] = [];
  // Node.js takes as many bytes as Content-Length says and ends the request only when it has them all.
  req.on('data', (chunk: Buffer) => chunks.push(chunk));
  // A trace goes by the asynchronous context, and the events of a request come in another.
  const context = new AsyncResource('body');
  req.once('end', () => {
    try {
      const [only] = chunks;
      req.body = parseJson(chunks.length === 1 && only ? only : Buffer.concat(chunks));
    } catch (error) {
      return next(error);
    }
    context.runInAsyncScope(next);
  });
}

/** As Express's reader does it: no body is an empty object, and a byte order mark is passed over. */
function parseJson(body: Buffer): unknown {
  if (body.length === 0) return {};
  if (!isUtf8(body)) throw malformed();
  const text = body.toString();
  try {
    return JSON.parse(text.startsWith('\ufeff') ? text.slice(1) : text);
  } catch (error) {
    throw malformed(error);
  }
}

/** The decoder would put replacement characters where bytes are no UTF-8, and nobody would know. */
function requireUtf8(_req: unknown, _res: unknown, body: Buffer, encoding: string): void {
  if (encoding !== 'utf-8')
    throw Object.assign(new Error(encoding), { type: 'charset.unsupported' });
  if (!isUtf8(body)) throw Object.assign(new Error('not UTF-8'), { type: 'entity.parse.failed' });
}
