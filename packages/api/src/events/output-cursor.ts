import type { JobEvent } from '@promptq/shared/contracts';
import type { OutputPiece, OutputPosition } from '@promptq/store';

/** An event, and the client's position in the output after it. */
export type Followed = JobEvent & {
  output: OutputPosition;
  /** Whether it is the last. */
  isEnd?: boolean;
};

/** The position of one client in the output of a job. */
export interface OutputCursor {
  position(): OutputPosition;
  /** Whether the client has begun to read the output, now or on an earlier connection. */
  hasBegun(): boolean;
  /** Whether this piece follows the client's position without a gap. */
  reaches(piece: OutputPiece): boolean;
  /** Yields the part of the piece that the client does not have. A piece of another attempt resets the output first. */
  take(piece: OutputPiece): Generator<Followed>;
  /** Yields the rest of the whole output of this attempt. */
  takeWhole(attempt: number, text: string): Generator<Followed>;
}

/** Pieces are split into deltas of at most this length, so that little waits in memory for a slow client. */
const maxDeltaLength = 16_384;

/** @param from the client's last position, or `null` when it begins */
export function outputCursor(from: OutputPosition | null): OutputCursor {
  let position = from ?? { attempt: 0, characters: 0 };
  let hasBegun = from !== null;

  function* beginAnew(attempt: number): Generator<Followed> {
    const isVoid = position.characters > 0;
    position = { attempt, characters: 0 };
    if (isVoid) yield { event: 'output.reset', data: {}, output: position };
  }
  function* take({ at, text }: OutputPiece): Generator<Followed> {
    hasBegun = true;
    if (at.attempt !== position.attempt) yield* beginAnew(at.attempt);
    let rest = text.slice(Math.max(0, position.characters - at.characters));
    while (rest !== '') {
      const delta = firstPart(rest);
      rest = rest.slice(delta.length);
      position = { ...position, characters: position.characters + delta.length };
      yield { event: 'output.delta', data: { delta }, output: position };
    }
  }
  return {
    position: () => position,
    hasBegun: () => hasBegun,
    reaches: ({ at }) =>
      at.characters <= (at.attempt === position.attempt ? position.characters : 0),
    take,
    takeWhole: function* (attempt, text) {
      // The position is invalid, or Redis has lost output that the client has received.
      if (position.characters > text.length) yield* beginAnew(attempt);
      yield* take({ at: { attempt, characters: 0 }, text });
    },
  };
}

/** The beginning of a non-empty text. It does not split a surrogate pair. */
function firstPart(text: string): string {
  if (text.length <= maxDeltaLength) return text;
  const last = text.charCodeAt(maxDeltaLength - 1);
  const isHalf = last >= 0xd800 && last <= 0xdbff;
  return text.slice(0, isHalf ? maxDeltaLength - 1 : maxDeltaLength);
}
