/** How much is measured. */
export interface Sizes {
  rounds: number;
  /** Of the rows `end-to-end`, `cpu` and `settlement`, for each round. */
  jobs: number;
  /** Before the first round, not measured. */
  warmUpJobs: number;
  submissionSeconds: number;
  connections: number[];
  latencyJobs: number;
  inFlight: number[];
  /** How often each place of the worker is filled. */
  waves: number;
  memoryJobs: number;
  loadSeconds: number;
  scalingWaves: number;
  pollingJobs: number;
  /** Of the tenant that was there first. */
  tenantJobs: number;
  pollingSeconds: number;
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

/** Enough to see that the harness works; the figures mean nothing. */
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
