import { globSync, readFileSync } from 'node:fs';
import { checkLengths } from './check-lengths.ts';

/** `pnpm lint:lengths`: at most three source files have more than 200 lines, and each of them says why. */
const paths = globSync('packages/*/src/**/*.{ts,tsx,mjs,js,lua,css}').filter(
  (path) => !/\.test\.tsx?$/.test(path),
);
const faults = checkLengths(paths.map((path) => ({ path, text: readFileSync(path, 'utf8') })));
for (const fault of faults) process.stdout.write(`${fault}\n`);
if (faults.length > 0) process.exitCode = 1;
