import { expect, test } from 'vitest';
import { hostPlaces, type Place } from './host-places.ts';

function clocked(places: number) {
  const clock = { nowMs: 1_000_000 };
  return { clock, places: hostPlaces({ places, now: () => clock.nowMs }) };
}
const waitOf = (place: Place) => ('comeBackInMs' in place ? place.comeBackInMs : null);
const leave = (place: Place) => {
  if ('leave' in place) place.leave();
};

test('each host has its own places, and one that is left is free again, once', () => {
  const { places } = clocked(2);
  const [first, second] = [places.take('a'), places.take('a')];
  expect([first, second].map(waitOf)).toEqual([null, null]);
  expect(waitOf(places.take('a'))).not.toBeNull();
  expect(waitOf(places.take('b'))).toBeNull();
  expect(waitOf(places.take('a:8443')), 'another port is another receiver').toBeNull();
  leave(first);
  leave(first);
  expect(waitOf(places.take('a'))).toBeNull();
  expect(waitOf(places.take('a')), 'leaving twice frees one place').not.toBeNull();
});

test('those that find no place come back one after the other, as fast as tries end', () => {
  const { clock, places } = clocked(2);
  const first = places.take('a');
  clock.nowMs += 1_000;
  leave(first);
  places.take('a');
  places.take('a');
  // A try takes 1 s and two run at once: every half second one has its turn.
  expect([1, 2, 3, 4].map(() => waitOf(places.take('a')))).toEqual([500, 1_000, 1_500, 2_000]);
  clock.nowMs += 1_000;
  expect(waitOf(places.take('a')), 'turns that have passed are no longer waited for').toBe(1_500);
});

test('a receiver that hangs is left alone for longer and longer, half a minute at most', () => {
  const { clock, places } = clocked(1);
  places.take('a');
  const waits = [1, 2, 3, 4, 5].map(() => {
    clock.nowMs += 10_000;
    return waitOf(places.take('a')) as number;
  });
  expect(waits[0]).toBe(10_000);
  expect(waits.every((wait) => wait <= 30_000)).toBe(true);
  expect(waits.at(-1)).toBe(30_000);
});

test('a fast receiver is never asked for in a spin', () => {
  const { places } = clocked(1);
  const first = places.take('a');
  leave(first);
  places.take('a');
  expect(waitOf(places.take('a'))).toBe(50);
});

test('any number of hosts, one after the other, leaves no trace of them', () => {
  const { clock, places } = clocked(1);
  const before = process.memoryUsage().heapUsed;
  for (let host = 0; host < 500_000; host += 1) {
    clock.nowMs += 1;
    leave(places.take(`host-${host}.example`));
  }
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(80 * 2 ** 20);
});
