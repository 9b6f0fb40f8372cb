import { afterEach, beforeEach, expect, it } from 'vitest';
import { openObservedStore, type ObservedStore } from '../testing/observed-store.ts';

let test: ObservedStore;

beforeEach(async () => {
  test = await openObservedStore();
});
afterEach(async () => {
  await test.close();
});

it('reserves requests until the budget of the window is spent', async () => {
  const { reserve } = test.store.rateBudgets;
  const budget = { requests: 2, tokens: 0, windowMs: 60_000 };
  expect(await reserve('m', budget)).toBe(0);
  expect(await reserve('m', budget)).toBe(0);
  const waitMs = await reserve('m', budget);
  expect(waitMs).toBeGreaterThan(0);
  expect(waitMs).toBeLessThanOrEqual(60_000);
  expect(await test.redis.get(test.keys.budgetRequests('m'))).toBe('2');
  expect(await reserve('other', budget)).toBe(0);
});

it('makes the window longer by the time that pays for an overdraft, up to a bound', async () => {
  const { reserve, settle } = test.store.rateBudgets;
  const budget = { requests: 0, tokens: 100, windowMs: 60_000 };
  await settle('m', budget, 50);
  expect(await reserve('m', budget)).toBe(0);
  await settle('m', budget, 150);
  const waitMs = await reserve('m', budget);
  expect(waitMs).toBeGreaterThan(60_000);
  expect(waitMs).toBeLessThanOrEqual(120_000);
  await settle('m', budget, 1_000_000);
  expect(await reserve('m', budget)).toBeLessThanOrEqual(60 * 60_000);
});

it('records nothing without a budget of tokens', async () => {
  await test.store.rateBudgets.settle('m', { requests: 1, tokens: 0, windowMs: 60_000 }, 5);
  expect(await test.redis.exists(test.keys.budgetTokens('m'))).toBe(0);
});
