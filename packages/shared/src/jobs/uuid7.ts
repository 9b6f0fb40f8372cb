import { randomFillSync } from 'node:crypto';
import { v7 } from 'uuid';

const randomBytesOfOne = 16;
/** Asking the system for random bytes costs more than all the rest of a submission's id, so it is asked seldom. */
const pool = new Uint8Array(256 * randomBytesOfOne);
let used = pool.length;

/** The moment in the last id made now, and its counter, which makes ids of one millisecond sort as they were made. */
let lastMs = 0;
let counter = 0;
/** The counter has 32 bits: two thousand million more fit behind each start. */
const startsBelow = 2 ** 31;

/**
 * The 32 digits of a new UUID version 7 (RFC 9562, section 6.2, method 1: a counter with a random start in each
 * millisecond). Those of one process sort as they were made.
 * @param atMs the moment in it, in milliseconds since 1970; now, unless it is given, and then it does not sort
 */
export function newUuid7(atMs?: number): string {
  const random = nextRandomBytes();
  const uuid =
    atMs === undefined ? v7({ random, ...nextMoment(random) }) : v7({ random, msecs: atMs });
  return uuid.replaceAll('-', '');
}

function nextRandomBytes(): Uint8Array {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  return pool.subarray(used, (used += randomBytesOfOne));
}

/** A clock that goes back does not take the order with it. */
function nextMoment(random: Uint8Array): { msecs: number; seq: number } {
  const nowMs = Date.now();
  if (nowMs > lastMs) {
    lastMs = nowMs;
    counter = new DataView(random.buffer, random.byteOffset).getUint32(0) % startsBelow;
  } else {
    counter += 1;
  }
  return { msecs: lastMs, seq: counter };
}
