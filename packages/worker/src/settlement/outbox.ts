import type { Redis } from 'ioredis';
import { jobTypes, type JobType } from '@promptq/shared/contracts';
import { keepEvents } from '@promptq/shared/queues';
import { luaScript, type RedisKeys } from '@promptq/shared/redis';
import type { BatchResultEntry } from './count-in-batch.ts';
import type { StreamEntry } from './outbox-entry.ts';
import { settleScript } from './settle-script.ts';

const group = 'settlement';
/** An entry that its consumer has held for so long is taken over. Taking over too early is harmless: the ack is the claim. */
const heldTooLongMs = 10_000;
/** A consumer that is silent for so long and holds nothing is forgotten. */
const goneAfterMs = 3_600_000;

export interface Batch {
  type: JobType;
  entries: StreamEntry[];
}

/** What settlement writes for one finished job. */
export interface Settled {
  entryId: string;
  jobId: string;
  eventType: string;
  auditEvent: string;
  wakeUp: string;
  /** The record of the job's Idempotency-Key, which ends with the job; empty when it had none. */
  keyRecord: string;
  /** The set of its tenant's open jobs, which it leaves; empty when it is not counted. */
  openJobs: string;
  /** Of a job of a batch. */
  ofBatch: BatchResultEntry | null;
}

/** Removes consumers that are gone. One that still holds entries stays: removing it would lose them. */
const forgetScript = luaScript(
  'promptqForgetConsumers',
  `
for _, info in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local field = {}
  for i = 1, #info, 2 do field[info[i]] = info[i + 1] end
  if field['pending'] == 0 and field['idle'] > tonumber(ARGV[2]) then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], field['name'])
  end
end
`,
);

/** BullMQ's event streams, read through one consumer group each: every worker process is a consumer. */
export interface Outbox {
  /** Makes the groups, which begin at the oldest entry there is. Idempotent. */
  prepare(): Promise<void>;
  /** New entries of any queue, waiting for them at most `blockMs`; 0 does not wait. */
  read(count: number, blockMs: number): Promise<Batch[]>;
  /** Entries that a dead or stuck consumer holds, and those whose batch failed here. */
  takeOver(count: number): Promise<Batch[]>;
  /** Settles a batch. @returns the entries of its finished jobs that were settled here and not elsewhere */
  settle(type: JobType, settled: Settled[], otherEntryIds: string[]): Promise<Set<string>>;
  forgetDeadConsumers(): Promise<void>;
  /** Removes audit events older than `AUDIT_TTL_SECONDS`, which the writing of new ones does only roughly. */
  trimAudit(): Promise<void>;
}

interface Deps {
  redis: Redis;
  /** A connection of its own, because reading blocks it. */
  blocking: Redis;
  prefix: string;
  keys: RedisKeys;
  consumer: string;
  auditTtlSeconds: number;
  resultTtlSeconds: number;
}

export function openOutbox(deps: Deps): Outbox {
  const { redis, blocking, prefix, keys, consumer, auditTtlSeconds } = deps;
  const oldestAudit = () => Date.now() - auditTtlSeconds * 1_000;
  const streams = jobTypes.map((type) => keys.events(type));
  return {
    prepare: async () => {
      await refuseForeignKey(redis, keys.audit);
      for (const type of jobTypes) {
        await keepEvents(redis, prefix, type);
        await createGroup(redis, keys.events(type));
      }
    },
    read: async (count, blockMs) => {
      const at = [...streams, ...streams.map(() => '>')];
      // The typed command, not `call`: only there does ioredis give RESP2 and RESP3 answers one shape.
      const reading =
        blockMs > 0
          ? blocking.xreadgroup(
              'GROUP',
              group,
              consumer,
              'COUNT',
              count,
              'BLOCK',
              blockMs,
              'STREAMS',
              ...at,
            )
          : blocking.xreadgroup('GROUP', group, consumer, 'COUNT', count, 'STREAMS', ...at);
      const answer = (await reading) as [string, StreamEntry[]][] | null;
      return (answer ?? []).map(([stream, entries]) => ({
        type: jobTypes[streams.indexOf(stream)] as JobType,
        entries,
      }));
    },
    takeOver: async (count) => {
      const batches: Batch[] = [];
      for (const type of jobTypes) {
        const [, entries] = (await redis.xautoclaim(
          keys.events(type),
          group,
          consumer,
          heldTooLongMs,
          '0',
          'COUNT',
          count,
        )) as [string, StreamEntry[]];
        if (entries.length > 0) batches.push({ type, entries });
      }
      return batches;
    },
    settle: async (type, settled, otherEntryIds) => {
      const answer = await settleScript(
        redis,
        [keys.events(type), keys.audit, ...settled.map(({ jobId }) => keys.parts(jobId))],
        [
          group,
          oldestAudit(),
          deps.resultTtlSeconds,
          otherEntryIds.length,
          keys.openBatches,
          keys.endedBatches,
          keys.batch(''),
          Date.now(),
          ...otherEntryIds,
          ...settled.flatMap((job) => [
            job.entryId,
            job.jobId,
            job.eventType,
            job.auditEvent,
            keys.wakeUp(job.jobId),
            job.wakeUp,
            job.keyRecord,
            job.openJobs,
            job.ofBatch?.batchId ?? '',
            job.ofBatch?.index ?? 0,
            job.ofBatch?.rest ?? '',
          ]),
        ],
      );
      return new Set(answer as string[]);
    },
    forgetDeadConsumers: async () => {
      for (const stream of streams) await forgetScript(redis, [stream], [group, goneAfterMs]);
    },
    trimAudit: async () => {
      await redis.xtrim(keys.audit, 'MINID', oldestAudit());
    },
  };
}

/** An event could be acknowledged and not written if something else stood under the key. */
async function refuseForeignKey(redis: Redis, auditKey: string): Promise<void> {
  const type = await redis.type(auditKey);
  if (type === 'stream' || type === 'none') return;
  throw new Error(
    `${auditKey} is a ${type}, not a stream of audit events: set another REDIS_PREFIX`,
  );
}

async function createGroup(redis: Redis, stream: string): Promise<void> {
  try {
    await redis.xgroup('CREATE', stream, group, '0', 'MKSTREAM');
  } catch (error) {
    // BUSYGROUP is Redis's code for "the group exists" (XGROUP CREATE).
    if (!(error instanceof Error) || !error.message.startsWith('BUSYGROUP')) throw error;
  }
}
