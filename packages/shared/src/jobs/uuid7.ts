import { randomFillSync } from 'node:crypto';
import { v7 } from 'uuid';

const randomBytesPerId = 16;
/** Random bytes are drawn in advance, because asking the system for them costs more than the rest of an id. */
const pool = new Uint8Array(256 * randomBytesPerId);
let used = pool.length;

/** The time in the last id, and the counter that orders the ids of one millisecond. */
let lastMs = 0;
let counter = 0;
const counterBits = 20;
/** The counter starts at a random number below this, so that half a million more ids fit into each millisecond. */
const maxCounterStart = 2 ** (counterBits - 1);

/**
 * Makes the 32 digits of a UUID version 7 (RFC 9562) without dashes. The ids of one process with the same number sort
 * in the order in which they were made: the time is followed by the number, a counter of 20 bits (section 6.2, method
 * 1) and 42 random bits.
 * @param number 0 to 4095, for the 12 bits of `rand_a`
 * @param atMs the time in the id, in milliseconds since 1970; the default is now
 */
export function newUuid7(number: number, atMs?: number): string {
  const random = nextRandomBytes();
  const { msecs, count } =
    atMs === undefined ? nextMoment(random) : { msecs: atMs, count: startOf(random) };
  // The library takes 32 bits: the upper 12 become `rand_a`, the lower 20 the beginning of `rand_b`.
  return v7({ random, msecs, seq: number * 2 ** counterBits + count }).replaceAll('-', '');
}

function nextRandomBytes(): Uint8Array {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  return pool.subarray(used, (used += randomBytesPerId));
}

function startOf(random: Uint8Array): number {
  return new DataView(random.buffer, random.byteOffset).getUint32(0) % maxCounterStart;
}

/** Setting the clock back does not change the order. When the counter is used up, the next millisecond is used. */
function nextMoment(random: Uint8Array): { msecs: number; count: number } {
  const nowMs = Date.now();
  if (nowMs > lastMs) {
    lastMs = nowMs;
    counter = startOf(random);
  } else if (counter + 1 < 2 ** counterBits) {
    counter += 1;
  } else {
    lastMs += 1;
    counter = 0;
  }
  return { msecs: lastMs, count: counter };
}
