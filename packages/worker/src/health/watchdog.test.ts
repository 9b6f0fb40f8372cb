import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isStuck, nextStall, type Sample, type Stall } from './watchdog.ts';

const pollIntervalMs = 15_000;

/** Whether a process is stuck after these looks at it, 15 s apart. */
function stuckAfter(looks: Sample[]): boolean {
  let stall: Stall = { done: -1, sinceMs: null };
  let nowMs = 0;
  for (const sample of looks) {
    nowMs += pollIntervalMs;
    stall = nextStall(stall, sample, nowMs);
  }
  return isStuck(stall, nowMs);
}

const repeat = (sample: Sample, times: number) => Array.from({ length: times }, () => sample);

test('a process that could work and does nothing for a minute is stuck', () => {
  const nothing = { couldWork: true, done: 5 };
  expect(stuckAfter(repeat(nothing, 5))).toBe(false);
  expect(stuckAfter(repeat(nothing, 6))).toBe(true);
});

test('whoever has nothing to do, or does anything at all, is not stuck', () => {
  const histories = fc.array(fc.record({ couldWork: fc.boolean(), done: fc.constant(5) }), {
    maxLength: 30,
  });
  fc.assert(
    fc.property(histories, (before) => {
      expect(stuckAfter([...before, { couldWork: false, done: 5 }])).toBe(false);
      const worked = { couldWork: true, done: 6 };
      expect(stuckAfter([...before, worked])).toBe(false);
      expect(stuckAfter([...before, worked, ...repeat(worked, 4)])).toBe(false);
      expect(stuckAfter([...before, worked, ...repeat(worked, 5)])).toBe(true);
    }),
  );
});
