/** How much each scenario measures. */
export interface Sizes {
  rounds: number;
  /** Jobs per round of the rows `end-to-end`, `cpu` and `bare-worker`. */
  jobs: number;
  /** Jobs before the first round, which are not measured. */
  warmUpJobs: number;
  submissionSeconds: number;
  /** Connections of the rows `submissions`. */
  connections: number[];
  latencyJobs: number;
  /** Calls at the same time, of the rows `in-flight`. */
  inFlight: number[];
  /** How many jobs each slot of the worker runs in the rows `in-flight`. */
  waves: number;
  memoryJobs: number;
  loadSeconds: number;
  /** How many jobs each slot of the workers runs in the rows `scaling`. */
  scalingWaves: number;
  pollingJobs: number;
  pollingSeconds: number;
  /** Jobs of the tenant that submits first. */
  tenantJobs: number;
}

export const fullSizes: Sizes = {
  rounds: 5,
  jobs: 3_000,
  warmUpJobs: 1_000,
  submissionSeconds: 2,
  connections: [50, 100],
  latencyJobs: 300,
  inFlight: [1_000, 2_000],
  waves: 2,
  memoryJobs: 4_000,
  loadSeconds: 3,
  scalingWaves: 6,
  pollingJobs: 10_000,
  tenantJobs: 5_000,
  pollingSeconds: 2,
};

/** Enough to check that the benchmark works. The figures mean nothing. */
export const quickSizes: Sizes = {
  rounds: 1,
  jobs: 200,
  warmUpJobs: 50,
  submissionSeconds: 0.5,
  connections: [50],
  latencyJobs: 20,
  inFlight: [100],
  waves: 2,
  memoryJobs: 200,
  loadSeconds: 0.5,
  scalingWaves: 2,
  pollingJobs: 200,
  tenantJobs: 300,
  pollingSeconds: 0.5,
};
