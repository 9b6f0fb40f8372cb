/** `pnpm docs:settings`: writes the tables of docs/settings.md from the schemas that read the settings. */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { withSettingsTables } from './settings/settings-table.ts';

const file = path.resolve(import.meta.dirname, '../docs/settings.md');
await writeFile(file, withSettingsTables(await readFile(file, 'utf8')));
