import type { StoreContext } from '../context.ts';
import { fairPosition, priorityOf } from '../fairness/priorities.ts';
import { indexEntry } from '../job-index/time-index.ts';
import { queueNameOf } from '../queues/registry.ts';
import { defineScript } from '../scripts/script.ts';
import {
  createdAtOf,
  newJobId,
  startBy,
  toStored,
  type JobRecord,
  type JobSpec,
} from '@promptq/shared/jobs';
import { bullmqOptions } from './bullmq-options.ts';
import { parseJobReply, type JobReply } from './job-reply.ts';

const add = defineScript(import.meta.url, 'add');

/** Longer than any job can take: a delay of a week, 30 days to start, the attempts and the pauses between them. */
const maxLifetimeMs = 90 * 24 * 3_600 * 1_000;

/** What limits the jobs that are submitted alone. */
export interface AddLimits {
  /** How many jobs may wait in one queue. */
  maxWaiting: number;
  /** How many unfinished jobs a tenant may have; 0: any number. */
  maxOpenPerTenant: number;
  /** With fair share, the tenants whose weight is not 1; `null`: the jobs of a class are first in, first out. */
  tenantWeights: ReadonlyMap<string, number> | null;
}

/** What identifies a submission with an `Idempotency-Key`. */
export interface Idempotency {
  /** Digest of the kind of submission (job or batch), the tenant and the key. */
  scope: string;
  /** Digest of the submission. */
  fingerprint: string;
}

/** The result of a submission. */
export type Added =
  | { kind: 'added'; job: JobRecord }
  /** A job was added with the same Idempotency-Key before. Its fingerprint may differ. */
  | { kind: 'replayed'; job: JobRecord }
  | { kind: 'refused'; limit: 'queue' | 'tenant' };

type Reply =
  | ['added', timestamp: string]
  | ['replayed', id: string, job: JobReply]
  | ['refused', Limit];
type Limit = 'queue' | 'tenant';

/**
 * Adds a job in one round trip, with all checks and counts: see add.lua. When it resolves with 'added', the job is in
 * Redis. When it throws, the job may have been added or not. With an Idempotency-Key, the call can be repeated safely.
 * @throws {StoreUnavailableError}
 */
export async function addJob(
  context: StoreContext,
  limits: AddLimits,
  { type, data, maxAttempts, delaySeconds }: JobSpec,
  idempotency: Idempotency | null,
): Promise<Added> {
  const { redis, keys, queues, resultTtlSeconds } = context;
  const queue = queueNameOf(type);
  const id = newJobId(type, queues.numberOf(type));
  const delayMs = delaySeconds * 1_000;
  const { tenant, priority, start_within_seconds } = data;
  const stored = { ...data, idempotency, counted: limits.maxOpenPerTenant > 0 };
  const fair = limits.tenantWeights && fairPosition(limits.tenantWeights, tenant, priority);
  const { bucket, entry } = indexEntry(id);
  const send = async (trace?: string) =>
    (await add(redis, {
      keys: [keys.job(queue, id)],
      control: {
        opts: bullmqOptions(data, { maxAttempts, delayMs, trace }),
        tenant,
        start_within: start_within_seconds,
        priority: priorityOf(priority),
        fair: fair ? { ...fair, tags: keys.fairTags(queue, fair.band) } : undefined,
        max_waiting: limits.maxWaiting,
        max_open: limits.maxOpenPerTenant || undefined,
        bucket,
        idempotency: idempotency
          ? { scope: idempotency.scope, ttl: resultTtlSeconds * 1_000, max_ttl: maxLifetimeMs }
          : undefined,
      },
      payloads: [JSON.stringify(toStored(stored)), entry],
    })) as Reply;
  const reply = await context.traceAdd(queue, type, send);
  switch (reply[0]) {
    case 'refused':
      return { kind: 'refused', limit: reply[1] };
    case 'replayed':
      return { kind: 'replayed', job: parseJobReply(reply[1], reply[2]) };
    case 'added': {
      const addedAtMs = Number(reply[1]);
      return {
        kind: 'added',
        job: {
          id,
          type,
          data: stored,
          state: delayMs > 0 ? { at: 'delayed', untilMs: addedAtMs + delayMs } : { at: 'waiting' },
          maxAttempts,
          attemptsMade: 0,
          attemptsStarted: 0,
          createdAtMs: createdAtOf(id) ?? addedAtMs,
          startByMs: startBy(addedAtMs, delayMs, start_within_seconds),
          startedAtMs: null,
          progress: null,
          worker: null,
        },
      };
    }
  }
}
