import type { Response } from 'express';
import { z } from 'zod';
import { batchSchema, type PublicBatch } from '@promptq/shared/contracts';
import { plainHeaders } from '../docs/responses.ts';

export const batchPathSchema = z.object({ id: z.string() });

const pollAfterMs = 2_000;

/** A fixed interval, because a batch runs for minutes or hours. */
const pollHint = {
  'Retry-After': String(pollAfterMs / 1_000),
  'openai-poll-after-ms': String(pollAfterMs),
};

const batchHeaders = plainHeaders.extend({
  'Retry-After': z.string().optional(),
  'openai-poll-after-ms': z.string().optional(),
});

/** The OpenAPI description of a response with a batch. */
export function batchResponse(description: string, headers: z.ZodObject = batchHeaders) {
  return {
    description,
    headers: batchHeaders.extend(headers.shape),
    content: { 'application/json': { schema: batchSchema } },
  };
}

export function hasEnded({ status }: PublicBatch): boolean {
  return status === 'completed' || status === 'cancelled';
}

export function sendBatch(res: Response, batch: PublicBatch): void {
  res.set({ 'Cache-Control': 'no-store', ...(hasEnded(batch) ? {} : pollHint) }).json(batch);
}
