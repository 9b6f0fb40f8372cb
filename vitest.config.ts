import { defineConfig } from 'vitest/config';
import { BaseSequencer } from 'vitest/node';

const seconds = 1_000;

/** Slow tests wait a minute or two for locks to expire. They start first, so that nothing waits for them alone. */
class SlowestFirst extends BaseSequencer {
  override async sort(files: Parameters<BaseSequencer['sort']>[0]) {
    const sorted = await super.sort(files); // oxlint-disable-line unicorn/no-array-sort -- it is vitest's
    return sorted.toSorted((a, b) => Number(isSlow(b)) - Number(isSlow(a)));
  }
}

function isSlow({ moduleId }: { moduleId: string }): boolean {
  return moduleId.endsWith('.slow.test.ts');
}

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
    sequence: { sequencer: SlowestFirst },
    globalSetup: ['tests/support/global-setup.ts'],
    // Tests wait for conditions. A dead worker's jobs are found after 45 s, and some tests wait for that several times.
    testTimeout: 600 * seconds,
    hookTimeout: 300 * seconds,
    // The processes of a test mostly wait; so many files at once keep two cores busy.
    maxWorkers: 5,
    passWithNoTests: false,
  },
});
