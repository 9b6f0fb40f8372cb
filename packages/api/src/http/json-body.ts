import { AsyncResource } from 'node:async_hooks';
import { isUtf8 } from 'node:buffer';
import express, { type Request, type RequestHandler } from 'express';
import { malformed, Problem } from '../problems/problem.ts';

const defaultMaxBytes = 1024 * 1024;
const plainTypes = new Set(['application/json', 'application/json; charset=utf-8']);

/** Reads a JSON body. It may be any JSON value; the schema reports its faults. */
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

/**
 * Reads a common body without Express's reader, which supports every encoding and costs more than the parsing itself.
 */
function readPlain(req: Request, next: (error?: unknown) => void): void {
  const chunks: Buffer[] = [];
  // Node.js reads exactly Content-Length bytes, and the request ends only when all of them have arrived.
  req.on('data', (chunk: Buffer) => chunks.push(chunk));
  // The trace is in the asynchronous context, and the events of a request are emitted in another context.
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

/** Like Express's reader: an empty body is an empty object, and a byte order mark is skipped. */
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

/** Rejects invalid UTF-8, which the decoder would silently replace. */
function requireUtf8(_req: unknown, _res: unknown, body: Buffer, encoding: string): void {
  if (encoding !== 'utf-8')
    throw Object.assign(new Error(encoding), { type: 'charset.unsupported' });
  if (!isUtf8(body)) throw Object.assign(new Error('not UTF-8'), { type: 'entity.parse.failed' });
}
