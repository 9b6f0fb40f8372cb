import { expect, test } from 'vitest';
import { keepApart } from './suspects.ts';

test('a process runs any number of jobs, but one suspect at a time', () => {
  const suspects = keepApart();
  const job = (id: string, stalledCounter: number) => ({ id, stalledCounter });
  expect(suspects.admit(job('a', 0))).toBe(true);
  expect(suspects.admit(job('b', 1)), 'one death is nothing unusual').toBe(true);
  expect(suspects.admit(job('c', 2))).toBe(true);
  expect(suspects.admit(job('d', 2))).toBe(false);
  expect(suspects.admit(job('e', 3))).toBe(false);
  suspects.leave({ id: 'd' });
  expect(suspects.admit(job('d', 2)), 'one that was kept apart gives no place up').toBe(false);
  suspects.leave({ id: 'c' });
  expect(suspects.admit(job('d', 2))).toBe(true);
  expect(suspects.admit(job('f', 0))).toBe(true);
});
