import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, expect, inject, test } from 'vitest';
import { freePort } from '#scripts/processes/free-port.ts';
import { upstreamBudgets } from '#packages/worker/src/backpressure/upstream-budgets.ts';
import { BudgetSpentError, withinBudget } from '#packages/worker/src/backpressure/within-budget.ts';
import type { Complete } from '#packages/worker/src/upstream/complete.ts';
import { testKeys } from '#support/keys.ts';
import { openRawStore, silentLog as log } from '#support/raw-store.ts';
import { removeKeys } from '#support/stack.ts';
import { until } from '#support/until.ts';

const prefix = `{test-${randomBytes(6).toString('hex')}}`;
const keys = testKeys(prefix);
const redis = new Redis(inject('redisUrl'));
const store = openRawStore({ url: inject('redisUrl'), prefix, log });
afterAll(async () => {
  await store.close();
  await removeKeys(redis, prefix);
  redis.disconnect();
});

const minuteMs = 60_000;
const { signal } = new AbortController();
const none = new Map<string, number>();

function budget(rpm: number, tpm: number, model: string, over = store) {
  const settings = {
    UPSTREAM_RPM: rpm > 0 ? new Map([['*', rpm]]) : none,
    UPSTREAM_TPM: tpm > 0 ? new Map([['*', tpm]]) : none,
  };
  const found = upstreamBudgets({ store: over, settings, log })?.(model);
  if (!found) throw new Error('it has no budget');
  return found;
}

/** What a call is told to wait, or 0 when it may be made. */
async function waitOf(taking: Promise<void>): Promise<number> {
  try {
    await taking;
    return 0;
  } catch (error) {
    if (error instanceof BudgetSpentError) return error.waitMs;
    throw error;
  }
}

/** Books, and waits until Redis has it: a command on the same connection comes after. */
async function book(of: { book(tokens: number): void }, tokens: number) {
  of.book(tokens);
  await store.ping();
}

test('of many that ask at once as many get a request as there are, and the others wait for the window', async () => {
  const concurrent = budget(7, 0, 'concurrent');
  const waits = await Promise.all(
    Array.from({ length: 50 }, () => waitOf(concurrent.take(signal))),
  );
  expect(waits.filter((wait) => wait === 0).length).toBe(7);
  expect(waits.filter((wait) => wait > minuteMs / 2 && wait <= minuteMs).length).toBe(43);
  expect(await redis.get(keys.budgetRequests('concurrent')), 'refused ones take nothing').toBe('7');
  await redis.del(keys.budgetRequests('concurrent'));
  expect(await waitOf(concurrent.take(signal)), 'the next window').toBe(0);
});

test('models have budgets of their own, and each key expires', async () => {
  const [one, other] = [budget(1, 100, 'one:a/b'), budget(1, 100, 'other')];
  expect(await waitOf(one.take(signal))).toBe(0);
  expect(await waitOf(other.take(signal))).toBe(0);
  expect(await waitOf(one.take(signal))).toBeGreaterThan(0);
  await book(one, 10);
  const made = await redis.keys(`${prefix}:budget:*`);
  expect(made).toEqual(expect.arrayContaining([keys.budgetTokens('one:a/b')]));
  for (const key of made) expect(await redis.pttl(key), key).toBeGreaterThan(0);
});

test('tokens are booked afterwards, and an overdraft makes the window longer in proportion', async () => {
  const tokens = budget(0, 100, 'tokens');
  const key = keys.budgetTokens('tokens');
  await book(tokens, 99);
  expect(await waitOf(tokens.take(signal)), 'one is left').toBe(0);
  expect(await redis.pttl(key)).toBeLessThanOrEqual(minuteMs);
  await book(tokens, 101);
  expect(await redis.pttl(key), 'twice the budget: two minutes').toBeGreaterThan(1.5 * minuteMs);
  expect(await redis.pttl(key)).toBeLessThanOrEqual(2 * minuteMs);
  await book(tokens, 100);
  expect(await redis.pttl(key), 'what is overdrawn is paid once').toBeGreaterThan(2.5 * minuteMs);
  expect(await redis.pttl(key)).toBeLessThanOrEqual(3 * minuteMs);
  expect(await waitOf(tokens.take(signal))).toBeGreaterThan(minuteMs);
  await book(tokens, 1_000_000_000);
  expect(await redis.pttl(key), 'an absurd usage').toBeLessThanOrEqual(60 * minuteMs);
  expect(await waitOf(tokens.take(signal)), 'asks again sooner').toBe(5 * minuteMs);
});

test('spent tokens take no request', async () => {
  const both = budget(5, 100, 'both');
  await book(both, 100);
  expect(await waitOf(both.take(signal))).toBeGreaterThan(0);
  expect(await redis.exists(keys.budgetRequests('both'))).toBe(0);
});

test('without a budget nothing is put before a call', async () => {
  const complete: Complete = () => Promise.reject(new Error('not called'));
  const settings = { UPSTREAM_RPM: none, UPSTREAM_TPM: none };
  expect(withinBudget(complete, upstreamBudgets({ store, settings, log }))).toBe(complete);
  const named = { UPSTREAM_RPM: new Map([['a', 1]]), UPSTREAM_TPM: none };
  expect(upstreamBudgets({ store, settings: named, log })?.('b')).toBeNull();
});

test('a Redis that refuses to say gives no request, and a booking that it refuses harms nobody', async () => {
  await redis.hset(keys.budgetRequests('odd'), 'no', 'counter');
  await redis.hset(keys.budgetTokens('odd'), 'no', 'counter');
  const odd = budget(5, 100, 'odd');
  expect(await waitOf(odd.take(signal))).toBeGreaterThan(0);
  await book(odd, 10);
});

test('a Redis that does not answer gives no request when the attempt ends', async () => {
  const away = openRawStore({ url: `redis://127.0.0.1:${await freePort()}`, prefix, log });
  try {
    const attempt = new AbortController();
    let wait: number | null = null;
    const asked = waitOf(budget(5, 0, 'away', away).take(attempt.signal)).then((ms) => (wait = ms));
    await until(
      'the connection is tried again',
      () => away.context.redis.status === 'reconnecting',
    );
    expect(wait).toBeNull();
    attempt.abort({ kind: 'timeout' });
    expect(await asked).toBeGreaterThan(0);
  } finally {
    await away.close();
  }
});
