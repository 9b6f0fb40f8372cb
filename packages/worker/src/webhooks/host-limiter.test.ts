import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { hostLimiter, type HostSlot } from './host-limiter.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function open(slots: number) {
  const called: string[] = [];
  const hosts = hostLimiter({ slots, callBack: (jobId) => called.push(jobId) });
  const take = (host: string, jobId: string) => hosts.take(host, jobId);
  return { called, take };
}
const awayMs = (slot: HostSlot) => ('delayMs' in slot ? slot.delayMs : null);
const leave = (slot: HostSlot) => {
  if ('leave' in slot) slot.leave();
};
/** Those that take a place at once. */
const enter = (take: ReturnType<typeof open>['take'], host: string, count: number) =>
  Promise.all(Array.from({ length: count }, (_, at) => take(host, `${host}-${at}`)));

test('each host has its own places; a job that finds none waits and gets the next that is left', async () => {
  const { take } = open(2);
  const [first, second] = (await enter(take, 'a', 2)) as [HostSlot, HostSlot];
  let got: HostSlot | null = null;
  void take('a', 'late').then((slot) => (got = slot));
  expect(awayMs(await take('b', 'x'))).toBeNull();
  expect(awayMs(await take('a:8443', 'y')), 'another port is another receiver').toBeNull();
  expect(got).toBeNull();
  leave(first);
  leave(first);
  await vi.advanceTimersByTimeAsync(0);
  expect(got).toHaveProperty('leave');
  const another = take('a', 'another');
  await vi.advanceTimersByTimeAsync(500);
  expect(awayMs(await another), 'leaving twice frees one place').not.toBeNull();
  leave(second);
});

test('half a second is waited, by as many as there are places; the others are sent away at once', async () => {
  const { take } = open(2);
  await enter(take, 'a', 2);
  const waiting = [take('a', 'w1'), take('a', 'w2')];
  expect(awayMs(await take('a', 'x1'))).not.toBeNull();
  await vi.advanceTimersByTimeAsync(500);
  for (const slot of waiting) expect(awayMs(await slot)).not.toBeNull();
});

test('each stays away longer than the one before it, by how long tries take', async () => {
  const { take } = open(2);
  for (let at = 0; at < 50; at += 1) {
    const slot = await take('a', 'fast');
    await vi.advanceTimersByTimeAsync(200);
    leave(slot);
  }
  await enter(take, 'a', 2);
  void take('a', 'w1');
  void take('a', 'w2');
  const away = await Promise.all(['x1', 'x2', 'x3', 'x4'].map((id) => take('a', id)));
  expect(away.map(awayMs)).toEqual([101, 201, 301, 401]);
});

test('a receiver that hangs is left alone for longer and longer, half a minute at most', async () => {
  const { take } = open(1);
  await enter(take, 'a', 1);
  void take('a', 'w1');
  await vi.advanceTimersByTimeAsync(10_000);
  void take('a', 'w2');
  expect(awayMs(await take('a', 'x1'))).toBe(10_000);
  await vi.advanceTimersByTimeAsync(10_000);
  void take('a', 'w3');
  expect(awayMs(await take('a', 'x2'))).toBe(30_000);
});

test('places that are left are filled: as many are called back as can run or wait, the first ones first', async () => {
  const { take, called } = open(2);
  const running = await enter(take, 'a', 2);
  const waiting = [take('a', 'w1'), take('a', 'w2')];
  for (const id of ['x1', 'x2', 'x3', 'x4', 'x5', 'x6']) await take('a', id);
  expect(called).toEqual([]);
  running.forEach(leave);
  expect(called, 'two have moved up, so two can wait').toEqual(['x1', 'x2']);
  for (const slot of waiting) leave(await slot);
  expect(called, 'the two that were called are on their way').toEqual(['x1', 'x2', 'x3', 'x4']);
});

test('one whose time is over is not called: another process may have it, and it may wait for its next try', async () => {
  const { take, called } = open(1);
  const [running] = (await enter(take, 'a', 1)) as [HostSlot];
  const waiting = take('a', 'w1');
  const away = awayMs(await take('a', 'x1')) as number;
  await vi.advanceTimersByTimeAsync(away);
  await waiting;
  leave(running);
  expect(called).not.toContain('x1');
});

test('one that was called and does not come is not waited for', async () => {
  const { take, called } = open(1);
  const [running] = (await enter(take, 'a', 1)) as [HostSlot];
  await vi.advanceTimersByTimeAsync(20_000);
  const waiting = take('a', 'w1');
  await take('a', 'x1');
  await take('a', 'x2');
  leave(running);
  expect(called).toEqual(['x1']);
  await vi.advanceTimersByTimeAsync(1_000);
  leave(await waiting);
  expect(called).toContain('x2');
});

test('any number of hosts, one after the other, leaves no trace of them', async () => {
  vi.useRealTimers();
  const { take } = open(1);
  const before = process.memoryUsage().heapUsed;
  for (let host = 0; host < 300_000; host += 1) leave(await take(`host-${host}.example`, 'x'));
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(80 * 2 ** 20);
});
