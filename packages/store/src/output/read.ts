import type { StoreContext } from '../context.ts';
import type { OutputPiece, OutputPosition } from './append.ts';

/**
 * Reads the output after a position in order, at most `limit` pieces. The first piece may begin before the position. An
 * empty piece at 0 means that an attempt has begun.
 */
export async function readOutput(
  { redis, keys }: StoreContext,
  jobId: string,
  { attempt, characters }: OutputPosition,
  limit: number,
): Promise<OutputPiece[]> {
  const after = `(${attempt}-${characters}`;
  const entries = await redis.xrange(keys.output(jobId), after, '+', 'COUNT', limit);
  return entries.map(([id, fields]) => {
    const [entryAttempt, end] = id.split('-').map(Number) as [number, number];
    const text = fields[1] ?? '';
    return { at: { attempt: entryAttempt, characters: end - text.length }, text };
  });
}
