import { expect, test } from 'vitest';
import { openQuarantine } from './quarantine.ts';

test('a process runs any number of jobs, but one suspect at a time', () => {
  const quarantine = openQuarantine();
  const job = (id: string, stalledCounter: number) => ({ id, stalledCounter });
  expect(quarantine.admit(job('a', 0))).toBe(true);
  expect(quarantine.admit(job('b', 1)), 'one death is nothing unusual').toBe(true);
  expect(quarantine.admit(job('c', 2))).toBe(true);
  expect(quarantine.admit(job('d', 2))).toBe(false);
  expect(quarantine.admit(job('e', 3))).toBe(false);
  quarantine.leave({ id: 'd' });
  expect(quarantine.admit(job('d', 2)), 'a job that was not admitted releases nothing').toBe(false);
  quarantine.leave({ id: 'c' });
  expect(quarantine.admit(job('d', 2))).toBe(true);
  expect(quarantine.admit(job('f', 0))).toBe(true);
});
