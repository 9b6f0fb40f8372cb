import type { Bed } from './bed.ts';
import type { CpuUs, Stack } from './stack.ts';

export interface LoadFigures {
  /** Jobs a second, from the first submission to the last audit event. */
  perSecond: number;
  /** CPU time of one job, in microseconds. */
  cpuUs: CpuUs;
  /** CPU time that submitting one job and answering its call took, in microseconds: the same work for each side. */
  harnessUs: number;
}

const submitters = 50;

/** Submits jobs as fast as they are accepted and waits until all are over. */
export async function runLoad(bed: Bed, stack: Stack, jobs: number): Promise<LoadFigures> {
  const harnessBefore = await bed.cpuUs();
  const before = await stack.cpuUs();
  const startedAt = performance.now();
  await Promise.all([stack.submit({ jobs, submitters }), stack.untilFinished(jobs)]);
  const seconds = (performance.now() - startedAt) / 1_000;
  const after = await stack.cpuUs();
  const harnessAfter = await bed.cpuUs();
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

export function sum({ api, worker, redis }: CpuUs): number {
  return api + worker + redis;
}

/** The median of each process, for people to read. */
export function tellCpu(figures: readonly LoadFigures[], median: (values: number[]) => number) {
  const of = (part: keyof CpuUs) => Math.round(median(figures.map(({ cpuUs }) => cpuUs[part])));
  return `worker ${of('worker')}, api ${of('api')}, redis ${of('redis')}`;
}
