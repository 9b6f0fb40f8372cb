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
    /** Keys of data version 1, which had no version key. This version writes them only after its version key. */
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
    /** The tenants that have a set of unfinished jobs. */
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
    /** The waiting requests and the results of an upload that is not a batch yet. They expire. */
    stagedWaiting: (uploadId: string) => `${prefix}:upload:${uploadId}:waiting`,
    stagedResults: (uploadId: string) => `${prefix}:upload:${uploadId}:results`,
    /** The unfinished batches, by the time they were created: a sorted set. */
    openBatches: `${prefix}:batches`,

    /**
     * The BullMQ job of one delivery; the dead deliveries by the time of their end; those that wait for their next try.
     */
    delivery: (deliveryId: string) => `${prefix}:webhooks:${deliveryId}`,
    deadDeliveries: `${prefix}:webhooks:failed`,
    delayedDeliveries: `${prefix}:webhooks:delayed`,

    /** The stream of audit events. Its name is part of the contract. */
    audit: `${prefix}:audit`,
    /** The key that seals the cursors of audit lists: 32 random bytes. */
    cursorKey: `${prefix}:cursor-key`,
    /** The checkpoints of an unfinished job: a hash with one field per upstream call. */
    checkpoints: (jobId: string) => `${prefix}:parts:${jobId}`,
    /**
     * The output of a streamed job so far: a stream. New output is announced on the Pub/Sub channel of the same name.
     */
    output: (jobId: string) => `${prefix}:tokens:${jobId}`,

    /** The requests and the tokens that were spent from a model's budget in the current window. */
    budgetRequests: (model: string) => `${prefix}:budget:requests:${model}`,
    budgetTokens: (model: string) => `${prefix}:budget:tokens:${model}`,
    /** How many times in a row the upstream has rate-limited a queue's calls. */
    rateLimitStreak: (queue: string) => `${prefix}:rate-limits:${queue}`,
    /** The circuit of a queue: how many attempts in a row have failed, and which job probes the upstream. */
    circuitFailures: (queue: string) => `${prefix}:failures:${queue}`,
    circuitProbe: (queue: string) => `${prefix}:probe:${queue}`,

    /** The lease of the process that removes old jobs. */
    sweeperLease: `${prefix}:sweep`,
    /** The lease of the process that releases the requests of batches. */
    dispatchLease: `${prefix}:dispatch`,

    /** The Pub/Sub channel that carries the ids of running jobs to cancel. */
    cancelChannel: `${prefix}:cancel`,
    /** The Pub/Sub channel on which a job's end is announced. */
    wakeUpChannel: (jobId: string) => `${prefix}:live:${jobId}`,
  };
}

export type StoreKeys = ReturnType<typeof storeKeys>;
