import { expect, test } from 'vitest';
import type { Memory } from '../environment/memory.ts';
import { memoryFaults } from './12-memory.ts';

const memory = (retained: number, resident: number): Memory => ({
  retained,
  resident,
  heap: retained,
  natural: resident,
});
const warm = { api: memory(33, 130), worker: memory(39, 135) };

test('memory that stays, or that natural garbage alone makes grow, is no fault', () => {
  const end = { api: { ...memory(34, 131), natural: 500 }, worker: memory(30, 170) };
  expect(memoryFaults(warm, end)).toEqual([]);
});

test.each([
  ['retained memory of the api', { ...warm, api: memory(39, 130) }, 'api: retained'],
  ['retained memory of the worker', { ...warm, worker: memory(45, 135) }, 'worker: retained'],
  ['what is held outside of the heap', { ...warm, api: memory(33, 172) }, 'api: resident'],
])('growth of %s is a fault', (_, end, fault) => {
  expect(memoryFaults(warm, end)).toEqual([expect.stringContaining(fault)]);
});
