/**
 * Every Redis key of promptq. The prefix is in braces, so all keys lie in one hash slot and one Lua script may touch
 * several of them (Redis Cluster specification, "Hash tags").
 *
 * BullMQ's own keys are `<prefix>:<queue>:<name>`; a job's hash is `<prefix>:<queue>:<job id>`. A queue's name is
 * `<type>.<route>`. Scripts build further keys from `root` and from `queueRoot`; their headers say which.
 */
export function storeKeys(prefix: string) {
  return {
    /** What every key begins with. */
    root: `${prefix}:`,
    /** What every BullMQ key of a queue begins with. */
    queueRoot: (queue: string) => `${prefix}:${queue}:`,
    /** A BullMQ key of a queue. */
    queueKey: (queue: string, name: string) => `${prefix}:${queue}:${name}`,
    /** The hash of a job. */
    job: (queue: string, jobId: string) => `${prefix}:${queue}:${jobId}`,

    /** The version of the data in this Redis. */
    version: `${prefix}:version`,
    /** Keys that the first version wrote and this one does not, unless it wrote the version before. */
    firstVersionKeys: ['audit', 'jobs', 'chat:meta', 'analysis:meta'].map(
      (name) => `${prefix}:${name}`,
    ),
    /** The queues that have ever been opened: a hash, from the name to the number. */
    queues: `${prefix}:queues`,

    /** For fair share, the last tag of each tenant in a band of priorities, and virtual time: a hash. */
    fairTags: (queue: string, band: number) => `${prefix}:fair:${queue}:${band}`,
    /** How many requests an API key has made in the current window. */
    requests: (who: string) => `${prefix}:requests:${who}`,
    /** The ids of a tenant's unfinished jobs, while their number is limited: a set. */
    openJobs: (tenant: string) => `${prefix}:open:${tenant}`,
    /** The tenants that have such a set. */
    tenantsWithOpenJobs: `${prefix}:open`,
    /** The job or batch that was submitted with an Idempotency-Key. `scope` is a digest of tenant and key. */
    idempotency: (scope: string) => `${prefix}:idempotency:${scope}`,

    /** Time index of job ids (see job-index/time-index.ts). `name` is `all`, `tenant:<tenant>` or `deadline`. */
    index: (name: string) => `${prefix}:index:${name}`,
    indexBucket: (name: string, bucket: number) => `${prefix}:index:${name}:${bucket}`,
    /** The tenants that have an index. */
    indexedTenants: `${prefix}:index:tenants`,

    /** The record of a batch: a hash. */
    batch: (batchId: string) => `${prefix}:batch:${batchId}`,
    /** The requests of a batch that are not jobs yet: a list, the next one first. */
    batchWaiting: (batchId: string) => `${prefix}:batch:${batchId}:waiting`,
    /** The results of a batch: a hash, from the index of the request to the line of the result. */
    batchResults: (batchId: string) => `${prefix}:batch:${batchId}:results`,
    /** The same two of an upload that is not finished. They expire. */
    stagedWaiting: (uploadId: string) => `${prefix}:upload:${uploadId}:waiting`,
    stagedResults: (uploadId: string) => `${prefix}:upload:${uploadId}:results`,
    /** The unfinished batches, by the time they were created: a sorted set. */
    openBatches: `${prefix}:batches`,

    /** The BullMQ job of one delivery, the ids of dead deliveries by their end, and those that wait for their next try. */
    delivery: (deliveryId: string) => `${prefix}:webhooks:${deliveryId}`,
    deadDeliveries: `${prefix}:webhooks:failed`,
    delayedDeliveries: `${prefix}:webhooks:delayed`,

    /** The stream of audit events. Its name is part of the contract. */
    audit: `${prefix}:audit`,
    /** The key that seals the cursors of audit lists: 32 random bytes. */
    cursorKey: `${prefix}:cursor-key`,
    /** The finished parts of an unfinished job: a hash, one field per upstream call. */
    checkpoints: (jobId: string) => `${prefix}:parts:${jobId}`,
    /** The output of a streamed job so far: a stream. The channel of the same name announces more of it. */
    output: (jobId: string) => `${prefix}:tokens:${jobId}`,

    /** What was spent of a model's budget in the current window: requests, and tokens. */
    budgetRequests: (model: string) => `${prefix}:budget:requests:${model}`,
    budgetTokens: (model: string) => `${prefix}:budget:tokens:${model}`,
    /** How many times in a row the upstream has refused a queue's calls for their rate. */
    rateLimitStreak: (queue: string) => `${prefix}:refusals:${queue}`,
    /** The circuit of a queue: how many attempts in a row have failed, and which job probes the upstream. */
    circuitFailures: (queue: string) => `${prefix}:failures:${queue}`,
    circuitProbe: (queue: string) => `${prefix}:probe:${queue}`,

    /** Held by the process that removes old jobs. */
    sweeperLease: `${prefix}:sweep`,
    /** Held by the process that releases the requests of batches. */
    dispatchLease: `${prefix}:feed`,

    /** The Pub/Sub channel that carries the ids of running jobs to cancel. */
    cancelChannel: `${prefix}:cancel`,
    /** The Pub/Sub channel on which a job's end is announced. */
    wakeUpChannel: (jobId: string) => `${prefix}:live:${jobId}`,
  };
}

export type StoreKeys = ReturnType<typeof storeKeys>;
