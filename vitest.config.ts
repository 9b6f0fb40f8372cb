import { defineConfig } from 'vitest/config';
import { BaseSequencer } from 'vitest/node';

const seconds = 1_000;

/** Tests of deaths wait for locks to run out, a minute or two in a file: begun last, they would be waited for alone. */
class LongestFirst extends BaseSequencer {
  override async sort(files: Parameters<BaseSequencer['sort']>[0]) {
    const usual = await super.sort(files); // oxlint-disable-line unicorn/no-array-sort -- it is vitest's
    return usual.toSorted((a, b) => Number(isLong(b)) - Number(isLong(a)));
  }
}

function isLong({ moduleId }: { moduleId: string }): boolean {
  return /(?:crashes|outage|outbox|senders)\.test\.ts$/.test(moduleId);
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
    sequence: { sequencer: LongestFirst },
    globalSetup: ['tests/support/global-setup.ts'],
    // Long enough for a dead worker's jobs to be found (45 s) on a slow machine; tests wait for conditions.
    testTimeout: 180 * seconds,
    hookTimeout: 180 * seconds,
    // The processes of a test mostly wait; so many files at once keep two cores busy.
    maxWorkers: 5,
    passWithNoTests: false,
  },
});
