import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { withSettingsTables } from './settings-table.ts';

test('docs/settings.md is what `pnpm docs:settings` writes', async () => {
  const page = await readFile(new URL('../../docs/settings.md', import.meta.url), 'utf8');
  expect(withSettingsTables(page)).toBe(page);
});

test('a page without the markers is refused', () => {
  expect(() => withSettingsTables('# Settings')).toThrow('lacks');
});
