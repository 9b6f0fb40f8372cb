import type { JobEvent } from '@promptq/shared/contracts';
import type { OutputPosition, Tokens } from '@promptq/shared/live';

/** An event, and how much of the output a client has once it has this one. */
export type Followed = JobEvent & {
  output: OutputPosition;
  /** Whether it is the last. */
  isEnd?: boolean;
};

/** How far one client has come in the output of a job. */
export interface OutputCursor {
  position(): OutputPosition;
  /** Whether the client has begun to read the output, now or on an earlier connection. */
  hasBegun(): boolean;
  /** Whether nothing is missing between what the client has and this piece. */
  reaches(piece: Tokens): boolean;
  /** What of the piece the client does not have. A piece of another attempt makes all it has void. */
  take(piece: Tokens): Generator<Followed>;
  /** What is missing of the whole output, said by this attempt. */
  takeWhole(attempt: number, text: string): Generator<Followed>;
}

/** Pieces are sent in parts of this, so that little waits in memory for a slow client. */
const maxDeltaLength = 16_384;

/** @param from where the client has left off, or `null` when it begins */
export function outputCursor(from: OutputPosition | null): OutputCursor {
  let position = from ?? { attempt: 0, characters: 0 };
  let hasBegun = from !== null;

  function* beginAnew(attempt: number): Generator<Followed> {
    const isVoid = position.characters > 0;
    position = { attempt, characters: 0 };
    if (isVoid) yield { event: 'output.reset', data: {}, output: position };
  }
  function* take({ at, text }: Tokens): Generator<Followed> {
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
      // A place that no process has sent; or Redis has lost what the client has seen.
      if (position.characters > text.length) yield* beginAnew(attempt);
      yield* take({ at: { attempt, characters: 0 }, text });
    },
  };
}

/** The beginning of a text that is not empty, no character of it cut in half. */
function firstPart(text: string): string {
  if (text.length <= maxDeltaLength) return text;
  const last = text.charCodeAt(maxDeltaLength - 1);
  const isHalf = last >= 0xd800 && last <= 0xdbff;
  return text.slice(0, isHalf ? maxDeltaLength - 1 : maxDeltaLength);
}
