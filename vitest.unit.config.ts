import { globSync, readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';
import base from './vitest.config.ts';

const include = ['packages/*/src/**/*.test.ts', 'scripts/**/*.test.ts'];

/** What a test file names when it uses the Redis of the global setup, itself or through a test support module. */
const usesRedis =
  /\bredisUrl\b|tests\/support\/|@promptq\/store\/testing|\/testing(?:\/[\w-]+)?\.ts'/;

/** The unit tests of `pnpm check`: the tests beside their sources that run without Redis. `pnpm test` runs the others too. */
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include,
    exclude: globSync(include, { exclude: ['**/node_modules/**'] }).filter((file) =>
      usesRedis.test(readFileSync(file, 'utf8')),
    ),
    globalSetup: [],
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
