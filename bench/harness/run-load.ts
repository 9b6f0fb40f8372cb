import type { Environment } from './environment.ts';
import { median } from './rounds.ts';
import type { CpuUs, Stack } from './stack.ts';

export interface LoadFigures {
  /** Jobs per second, from the first submission to the last audit event. */
  perSecond: number;
  /** CPU time per job, in microseconds. */
  cpuUs: CpuUs;
  /** CPU time per job, in microseconds, of the load generator and the upstream. It is the same work for each subject. */
  harnessUs: number;
}

const submitters = 50;

/** Submits jobs as fast as they are accepted and waits until all are finished. */
export async function runLoad(
  environment: Environment,
  stack: Stack,
  jobs: number,
): Promise<LoadFigures> {
  const harnessBefore = await environment.harnessCpuUs();
  const before = await stack.cpuUs();
  const startedAt = performance.now();
  await Promise.all([stack.submit({ jobs, submitters }), stack.waitUntilFinished(jobs)]);
  const seconds = (performance.now() - startedAt) / 1_000;
  const after = await stack.cpuUs();
  const harnessAfter = await environment.harnessCpuUs();
  await stack.clear();
  return {
    perSecond: jobs / seconds,
    harnessUs: (harnessAfter - harnessBefore) / jobs,
    cpuUs: {
      api: (after.api - before.api) / jobs,
      worker: (after.worker - before.worker) / jobs,
      redis: (after.redis - before.redis) / jobs,
    },
  };
}

export function totalCpuUs({ api, worker, redis }: CpuUs): number {
  return api + worker + redis;
}

/** The median of each process, as text. */
export function formatCpu(figures: readonly LoadFigures[]): string {
  const medianOf = (part: keyof CpuUs) =>
    Math.round(median(figures.map(({ cpuUs }) => cpuUs[part])));
  return `worker ${medianOf('worker')}, api ${medianOf('api')}, redis ${medianOf('redis')}`;
}
