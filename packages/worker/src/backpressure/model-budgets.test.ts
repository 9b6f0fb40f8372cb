import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readSettings } from '@promptq/shared/settings';
import { z } from 'zod';
import { budgetOf, modelBudgets } from './model-budgets.ts';

const read = (text: string) =>
  readSettings(z.object({ UPSTREAM_RPM: modelBudgets }), { UPSTREAM_RPM: text }).UPSTREAM_RPM;

test('nothing set, and 0, are no budget', () => {
  for (const text of ['', '0']) expect(budgetOf(read(text), 'gpt-4o')).toBeNull();
});

test('one number is the budget of each model, * that of every model that is not named', () => {
  expect(budgetOf(read('500'), 'gpt-4o')).toBe(500);
  const budgets = read('gpt-4o:60, ft:gpt-4o-mini:org::x1:7,meta/llama:5,*:30');
  const seen = ['gpt-4o', 'ft:gpt-4o-mini:org::x1', 'meta/llama', 'gpt-4o-mini', '__proto__'].map(
    (model) => budgetOf(budgets, model),
  );
  expect(seen).toEqual([60, 7, 5, 30, 30]);
  expect(budgetOf(read('gpt-4o:60'), 'gpt-4o-mini'), 'without *').toBeNull();
});

test.each([
  'x',
  '-1',
  '1.5',
  '1e3',
  ':5',
  'gpt-4o',
  'gpt-4o:',
  'gpt-4o:0',
  'a:1,',
  'a:1,a:2',
  '*:1,2',
])('%j is refused by name and with the rule', (text) => {
  expect(() => read(text)).toThrow(
    /UPSTREAM_RPM: must be a whole number .* or a comma-separated list of <model>:<number/,
  );
});

test('whatever pairs are written are read back, and a number is never guessed', () => {
  const model = fc.stringMatching(/^[\w/.-][\w/.:-]{0,20}$/);
  const budget = fc.integer({ min: 1, max: 1_000_000_000 });
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(model, budget), { minLength: 1, selector: ([m]) => m }),
      (pairs) => {
        const budgets = read(pairs.map(([name, number]) => `${name}:${number}`).join(','));
        expect([...budgets]).toEqual(pairs);
      },
    ),
  );
  fc.assert(
    fc.property(model, fc.string({ minLength: 1 }), (name, number) => {
      const isNumber =
        /^\s*\d{1,10}\s*$/.test(number) && Number(number) >= 1 && Number(number) <= 1e9;
      fc.pre(!isNumber && !/[,:]/.test(number));
      expect(() => read(`${name}:${number}`)).toThrow('UPSTREAM_RPM: must be');
    }),
  );
});
