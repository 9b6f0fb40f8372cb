import type { JobType } from '../contracts/index.ts';

/**
 * Every key of promptq. The prefix is in braces, so all keys lie in one hash slot and one Lua script
 * may touch several of them (Redis Cluster specification, "Hash tags").
 * Keys of BullMQ are `<prefix>:<queue>:<name>`; a job's hash is `<prefix>:<queue>:<job id>`.
 */
export function redisKeys(prefix: string) {
  const queueKey = (type: JobType, name: string) => `${prefix}:${type}:${name}`;
  return {
    /** A key of BullMQ, of any queue: that of the deliveries as well. */
    ofQueue: (queue: string, name: string) => `${prefix}:${queue}:${name}`,
    /** BullMQ's event stream of a queue: our outbox. */
    events: (type: JobType) => queueKey(type, 'events'),
    job: (type: JobType, jobId: string) => queueKey(type, jobId),
    /** For scripts that know a job's id only when they run: its key is this, the type, `:` and the id. */
    jobsBeginWith: `${prefix}:`,
    active: (type: JobType) => queueKey(type, 'active'),
    delayed: (type: JobType) => queueKey(type, 'delayed'),
    /** BullMQ's waiting jobs that have a priority, by priority and arrival. */
    prioritized: (type: JobType) => queueKey(type, 'prioritized'),
    /** The last tag of each tenant in a band of priorities, and virtual time: a hash. */
    fairTags: (type: JobType, band: number) => `${prefix}:fair:${type}:${band}`,
    marker: (type: JobType) => queueKey(type, 'marker'),
    /** BullMQ's rate limiter: while it lasts, no worker fetches a job of this type. */
    limiter: (type: JobType) => queueKey(type, 'limiter'),
    meta: (type: JobType) => queueKey(type, 'meta'),
    /** The BullMQ job of one webhook being sent, and the ids of those that failed for good, by their end. */
    delivery: (deliveryId: string) => `${prefix}:webhooks:${deliveryId}`,
    deadDeliveries: `${prefix}:webhooks:failed`,
    delayedDeliveries: `${prefix}:webhooks:delayed`,
    /** Requests of each API key in this minute: the beginning of their keys. */
    requests: `${prefix}:requests`,
    /** What was spent of a model's budget in this window: requests, and tokens. They expire with it. */
    budgetRequests: (model: string) => `${prefix}:budget:requests:${model}`,
    budgetTokens: (model: string) => `${prefix}:budget:tokens:${model}`,
    /**
     * The ids of a tenant's jobs that have not ended, while their number is limited: a set. Beside it the tenants that
     * have such a set.
     */
    openJobs: (tenant: string) => `${prefix}:open:${tenant}`,
    tenantsWithOpenJobs: `${prefix}:open`,
    /** How often in a row the upstream has refused this type's calls for their rate. */
    refusals: (type: JobType) => `${prefix}:refusals:${type}`,
    /** How many attempts in a row the upstream has failed, and the mark that one is trying it again. */
    failures: (type: JobType) => `${prefix}:failures:${type}`,
    probe: (type: JobType) => `${prefix}:probe:${type}`,
    /** Held by the process whose turn it is to remove old jobs. */
    sweep: `${prefix}:sweep`,
    /** With this the APIs seal the cursors of lists: 32 random bytes. */
    cursorKey: `${prefix}:cursor-key`,
    /** The stream of audit events. */
    audit: `${prefix}:audit`,
    /** The finished calls of a job that is not settled yet: a hash, one field per call. */
    parts: (jobId: string) => `${prefix}:parts:${jobId}`,
    /** The job that was submitted with an Idempotency-Key: its id. `scope` is a digest of tenant and key. */
    keyed: (scope: string) => `${prefix}:keyed:${scope}`,
    /** Exists only inside a transaction, see `addGuarded`. */
    refused: `${prefix}:refused`,
    /** The numbers of the strings that hold the ids of all jobs, see job-index.ts. */
    index: `${prefix}:jobs`,
    indexBucket: (bucket: number) => `${prefix}:jobs:${bucket}`,
    /** The record of a batch: a hash, see batch-record.ts. */
    batch: (batchId: string) => `${prefix}:batch:${batchId}`,
    /** Its requests that are no jobs yet: a list, the next one first. */
    batchWaiting: (batchId: string) => `${prefix}:batch:${batchId}:waiting`,
    /** Its results: a hash, from the place of the request to the line of the result. */
    batchResults: (batchId: string) => `${prefix}:batch:${batchId}:results`,
    /** The same two of an upload that is not finished. They expire by themselves. */
    stagedWaiting: (uploadId: string) => `${prefix}:upload:${uploadId}:waiting`,
    stagedResults: (uploadId: string) => `${prefix}:upload:${uploadId}:results`,
    /** The batches that have not ended, by the time they were made. */
    openBatches: `${prefix}:batches`,
    /** The batches that have ended and whose end was not announced yet. */
    endedBatches: `${prefix}:batches:ended`,
    /** Held by the process whose turn it is to release requests of batches. */
    feed: `${prefix}:feed`,
    /** The Pub/Sub channel on which workers hear the ids of jobs to cancel. */
    cancel: `${prefix}:cancel`,
    /** The Pub/Sub channel on which a job's end is announced. */
    wakeUp: (jobId: string) => `${prefix}:live:${jobId}`,
    /** What a streamed job has said so far: a stream. The channel of the same name tells that there is more in it. */
    tokens: (jobId: string) => `${prefix}:tokens:${jobId}`,
  };
}

export type RedisKeys = ReturnType<typeof redisKeys>;
