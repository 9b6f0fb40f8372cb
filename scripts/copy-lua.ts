/**
 * Copies the Lua scripts of packages/store beside its compiled modules, which read them when they are loaded. The compiler
 * copies no other files than its own.
 */
import { cpSync, globSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const store = fileURLToPath(new URL('../packages/store/', import.meta.url));
const [source, target] = [join(store, 'src'), join(store, 'dist')];

// A script that was renamed or removed must not stay behind.
for (const file of globSync('**/*.lua', { cwd: target })) rmSync(join(target, file));
for (const file of globSync('**/*.lua', { cwd: source })) {
  cpSync(join(source, file), join(target, file));
}
