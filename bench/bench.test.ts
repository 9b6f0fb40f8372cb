import { expect, test } from 'vitest';
import { bench, rowNames } from './bench.ts';

test('one small round: both subjects run every job, and each process reports its CPU time', async () => {
  const report = await bench({ only: 'cpu', isQuick: true, profileDir: null }, () => {});
  const [row] = report.rows;
  expect(report.rows).toHaveLength(1);
  expect(row).toMatchObject({ name: 'cpu', unit: 'us/job', target: '<= 0.55', rounds: 1 });
  expect(row?.ours).toBeGreaterThan(0);
  expect(row?.diy).toBeGreaterThan(0);
  expect(row?.ratio).toBe((row?.ours ?? 0) / (row?.diy ?? 0));
  expect(row?.note).toMatch(/^worker [1-9]\d*, api [1-9]\d*, redis \d+; DIY: worker [1-9]/);
  expect(report.versions['bullmq']).toMatch(/^6\./);
  expect(report.machine.cores).toBeGreaterThan(0);
});

test('an unknown row is refused before anything starts', async () => {
  const run = bench({ only: 'speed', isQuick: true, profileDir: null }, () => {});
  await expect(run).rejects.toThrow('--only: there is no row "speed"');
  expect(rowNames).toContain('end-to-end');
});
