import type { StoreContext } from '../context.ts';
import { defineScript } from '../scripts/script.ts';

const append = defineScript(import.meta.url, 'append-output');

/**
 * How far the output of a streamed job has come: characters (UTF-16 units, as `String.length` counts them) of the attempt
 * that was the `attempt`th to begin.
 */
export interface OutputPosition {
  attempt: number;
  characters: number;
}

/** A piece of the output, with the position of its first character. */
export interface OutputPiece {
  at: OutputPosition;
  text: string;
}

/** The result of appending a piece: see append-output.lua. After `gap`, the whole output has to be written again. */
export type AppendedOutput = 'appended' | 'gap' | 'superseded';

/**
 * Appends a piece to the output of a job and announces it: one round trip.
 * @param ttlSeconds for how long the output is kept after this piece
 */
export async function appendOutput(
  { redis, keys }: StoreContext,
  jobId: string,
  { at, text }: OutputPiece,
  ttlSeconds: number,
): Promise<AppendedOutput> {
  const reply = await append(redis, {
    keys: [keys.output(jobId)],
    control: {
      attempt: at.attempt,
      from: at.characters,
      to: at.characters + text.length,
      ttl: ttlSeconds,
    },
    payloads: [text],
  });
  return reply as AppendedOutput;
}
