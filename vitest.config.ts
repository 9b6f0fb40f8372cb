import { defineConfig } from 'vitest/config';

const seconds = 1_000;

export default defineConfig({
  // The workspace packages run from their sources, as in development.
  resolve: { conditions: ['@promptq/source'] },
  ssr: { resolve: { conditions: ['@promptq/source'] } },
  test: {
    include: [
      'packages/*/src/**/*.test.ts',
      'scripts/**/*.test.ts',
      'tests/**/*.test.ts',
      'bench/**/*.test.ts',
    ],
    globalSetup: ['tests/support/global-setup.ts'],
    // Long enough for a dead worker's jobs to be found (45 s) on a slow machine; tests wait for conditions.
    testTimeout: 180 * seconds,
    hookTimeout: 180 * seconds,
    // The processes of a test mostly wait; so many files at once keep two cores busy.
    maxWorkers: 5,
    passWithNoTests: false,
  },
});
