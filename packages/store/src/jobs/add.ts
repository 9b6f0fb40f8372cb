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

/** Longer than any job can take: a week's delay, 30 days to start in, its attempts and their pauses. */
const longestLifeMs = 90 * 24 * 3_600 * 1_000;

/** What limits the jobs that are submitted alone. */
export interface AddLimits {
  /** How many jobs may wait in one queue. */
  maxWaiting: number;
  /** How many unfinished jobs a tenant may have; 0: any number. */
  maxOpenPerTenant: number;
  /** With fair share, the tenants that have another weight than 1; `null`: jobs are first in, first out in their class. */
  tenantWeights: ReadonlyMap<string, number> | null;
}

/** What a submission with an `Idempotency-Key` is recognised by. */
export interface Idempotency {
  /** Digest of what is submitted, the tenant and the key. */
  scope: string;
  /** Digest of the submission. */
  fingerprint: string;
}

/** What became of a submission. */
export type Added =
  | { kind: 'added'; job: JobRecord }
  /** A job was added with the same Idempotency-Key before. Its fingerprint may be another. */
  | { kind: 'replayed'; job: JobRecord }
  | { kind: 'refused'; limit: 'queue' | 'tenant' };

type Reply =
  | ['added', timestamp: string]
  | ['replayed', id: string, job: JobReply]
  | ['refused', Limit];
type Limit = 'queue' | 'tenant';

/**
 * Adds a job in one round trip, with everything that is checked and counted: see add.lua. When this resolves with 'added',
 * the job is in Redis. When it throws, the caller does not know: with an Idempotency-Key, the same call can be repeated.
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
          ? { scope: idempotency.scope, ttl: resultTtlSeconds * 1_000, longest: longestLifeMs }
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
