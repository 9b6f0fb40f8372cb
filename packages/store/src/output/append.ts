import type { StoreContext } from '../context.ts';
import { defineScript } from '../scripts/script.ts';

const append = defineScript(import.meta.url, 'append-output');

/**
 * A position in the output of a streamed job: the number of the attempt, from 1, and the characters of its output
 * (UTF-16 units, as `String.length` counts them).
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
 * Appends a piece to the output of a job and notifies its readers, in one round trip.
 * @param ttlSeconds how long the output is kept after this piece
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
