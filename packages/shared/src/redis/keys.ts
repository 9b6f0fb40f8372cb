import type { JobType } from '../contracts/index.ts';

/**
 * Every key of promptq. The prefix is in braces, so all keys lie in one hash slot and one Lua script
 * may touch several of them (Redis Cluster specification, "Hash tags").
 * Keys of BullMQ are `<prefix>:<queue>:<name>`; a job's hash is `<prefix>:<queue>:<job id>`.
 */
export function redisKeys(prefix: string) {
  const queueKey = (type: JobType, name: string) => `${prefix}:${type}:${name}`;
  return {
    /** BullMQ's event stream of a queue: our outbox. */
    events: (type: JobType) => queueKey(type, 'events'),
    job: (type: JobType, jobId: string) => queueKey(type, jobId),
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
    /** How often in a row the upstream has refused this type's calls for their rate. */
    refusals: (type: JobType) => `${prefix}:refusals:${type}`,
    /** How many attempts in a row the upstream has failed, and the mark that one is trying it again. */
    failures: (type: JobType) => `${prefix}:failures:${type}`,
    probe: (type: JobType) => `${prefix}:probe:${type}`,
    /** Held by the process whose turn it is to remove old jobs. */
    sweep: `${prefix}:sweep`,
    /** The stream of audit events. */
    audit: `${prefix}:audit`,
    /** The finished calls of a job that is not settled yet: a hash, one field per call. */
    parts: (jobId: string) => `${prefix}:parts:${jobId}`,
    /** The Pub/Sub channel on which workers hear the ids of jobs to cancel. */
    cancel: `${prefix}:cancel`,
    /** The Pub/Sub channel on which a job's end is announced. */
    wakeUp: (jobId: string) => `${prefix}:live:${jobId}`,
  };
}

export type RedisKeys = ReturnType<typeof redisKeys>;
