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
/** A line is what a submission alone may be. */
const lineLimits = { line: mebibyte, body: 100 * mebibyte };

/** JSON lines have no other place for it. */
export const batchQuerySchema = z.strictObject({
  webhook: batchWebhookSchema.shape.url.optional().meta({
    description:
      'URL that is told of the end of the batch; the member `webhook` of a JSON body goes first.',
  }),
});

/** What came: the requests, read as they are asked for, and what belongs to the whole batch. */
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

/** JSON lines are not read here but as they are used. */
const exceptJsonLines =
  (handler: RequestHandler): RequestHandler =>
  (req, res, next) =>
    isLines(req) ? next() : handler(req, res, next);

export const readBatchBody: RequestHandler[] = [
  requireMediaType,
  ...jsonBodyUpTo(maxInlineBytes).map(exceptJsonLines),
];

/** @throws {Problem} `invalid_request`, `body_too_large`; faults of requests are told where they are read */
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
