import type { Request, RequestHandler } from 'express';
import { z } from 'zod';
import { batchSubmissionSchema, batchWebhookSchema } from '@promptq/shared/contracts';
import { jsonBodyUpTo } from '../http/json-body.ts';
import { parseBody, parseQuery } from '../http/parse.ts';
import { Problem, tooLarge } from '../problems/problem.ts';
import { jsonLines } from './json-lines.ts';
import type { ReadRequest } from './stage-requests.ts';

const mebibyte = 1024 * 1024;
const maxInlineBytes = 16 * mebibyte;
/** A line may be as long as a single submission. */
const lineLimits = { line: mebibyte, body: 100 * mebibyte };

/** The webhook of a batch can be in the query, because JSON lines have no member for it. */
export const batchQuerySchema = z.strictObject({
  webhook: batchWebhookSchema.shape.url.optional().meta({
    description:
      'URL that is notified of the end of the batch. The member `webhook` of a JSON body takes precedence.',
  }),
});

/** The body of a batch: the requests, which are read one by one, and the members of the batch itself. */
export interface BatchBody {
  requests: AsyncIterable<ReadRequest> | Iterable<ReadRequest>;
  metadata: Record<string, string>;
  webhookUrl: string | null;
}

const requireMediaType: RequestHandler = (req, _res, next) => {
  const isEncoded = (req.get('content-encoding') ?? 'identity') !== 'identity';
  if (mediaTypeOf(req) === 'application/json' || (isLines(req) && !isEncoded)) return next();
  const what = isLines(req)
    ? 'uncompressed application/jsonl'
    : 'Content-Type: application/json or application/jsonl';
  next(
    new Problem('unsupported_media_type', `Send the body as ${what}.`, {
      headers: { 'Accept-Post': 'application/json, application/jsonl' },
    }),
  );
};

/** Skips the handler for JSON lines, which are read later, one by one. */
const exceptJsonLines =
  (handler: RequestHandler): RequestHandler =>
  (req, res, next) =>
    isLines(req) ? next() : handler(req, res, next);

export const readBatchBody: RequestHandler[] = [
  requireMediaType,
  ...jsonBodyUpTo(maxInlineBytes).map(exceptJsonLines),
];

/** @throws {Problem} `invalid_request`, `body_too_large`. Faults of single requests are thrown when these are read. */
export function batchBodyOf(req: Request): BatchBody {
  const { webhook: webhookInQuery = null } = parseQuery(batchQuerySchema, req);
  if (isLines(req))
    return { requests: requestsInLines(req), metadata: {}, webhookUrl: webhookInQuery };
  const { requests, metadata, webhook } = parseBody(batchSubmissionSchema, req);
  const read = requests.map((value, at) => ({ pointer: `/requests/${at}`, where: '', value }));
  return { requests: read, metadata, webhookUrl: webhook?.url ?? webhookInQuery };
}

async function* requestsInLines(req: Request): AsyncGenerator<ReadRequest> {
  if (Number(req.get('content-length')) > lineLimits.body) throw tooLarge(lineLimits.body);
  for await (const { line, ...read } of jsonLines(req, lineLimits)) {
    yield { pointer: `/${line - 1}`, where: `Line ${line}: `, ...read };
  }
}

function isLines(req: Request): boolean {
  return mediaTypeOf(req) === 'application/jsonl';
}

function mediaTypeOf(req: Request): string | undefined {
  return req.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase();
}
