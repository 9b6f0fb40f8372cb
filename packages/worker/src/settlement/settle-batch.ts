import type { Redis } from 'ioredis';
import { jobStatusSchema, type JobType } from '@promptq/shared/contracts';
import type { WakeUp } from '@promptq/shared/live';
import { logFault, type Logger } from '@promptq/shared/logging';
import { jobHashFields, readJobHash } from '@promptq/shared/queues';
import type { JobRecord } from '@promptq/shared/jobs';
import type { RedisKeys } from '@promptq/shared/redis';
import { queueDeliveries, type openDeliveries } from '@promptq/shared/webhooks';
import type { EndStatus, SettlementMetrics } from '../metrics/settlement-metrics.ts';
import { batchResultOf } from './count-in-batch.ts';
import type { EndEvent } from '../attempts/build-audit-event.ts';
import { auditEventOf } from './audit-event.ts';
import { toTerminal, type TerminalEntry } from './outbox-entry.ts';
import type { Batch, Outbox, Settled } from './outbox.ts';
import { webhookEventOf } from '../attempts/build-webhook-event.ts';

interface Deps {
  redis: Redis;
  keys: RedisKeys;
  outbox: Pick<Outbox, 'settle'>;
  deliveries: ReturnType<typeof openDeliveries>;
  metrics: SettlementMetrics;
  log: Logger;
}

/** The entry has the end of the job already, and an answer can be large. */
const fieldsToRead = jobHashFields.filter(
  (field) => field !== 'returnvalue' && field !== 'failedReason',
);

/** So many entries that end no job are acknowledged without waiting for one that does. */
const maxPassedOver = 500;

/**
 * Settles the finished jobs of a batch. Its other entries need no more than to be acknowledged, which waits for the
 * next job that ends: a job has three of them, and at quiet times each would cost a round trip that its end waits for.
 * @param passedOver entries of this type that wait for that; those that are acknowledged are taken out
 */
export async function settleBatch(
  { type, entries }: Batch,
  passedOver: Set<string>,
  deps: Deps,
): Promise<void> {
  const terminal: TerminalEntry[] = [];
  for (const entry of entries) {
    const ended = toTerminal(entry);
    if (ended) terminal.push(ended);
    else passedOver.add(entry[0]);
  }
  if (terminal.length === 0 && passedOver.size < maxPassedOver) return;
  const others = [...passedOver];
  const records = await readRecords(type, terminal, deps);
  const events = terminal.map((entry, at) => auditEventOf(type, entry, records[at] ?? null));
  await queueWebhooks(events, records, deps);
  const settled = terminal.map((entry, at) =>
    toSettled(entry, events[at] as EndEvent, records[at] ?? null, deps),
  );
  const here = await deps.outbox.settle(type, settled, others);
  for (const id of others) passedOver.delete(id);
  const nowMs = Date.now();
  settled.forEach(({ entryId, eventType }) => {
    if (!here.has(entryId)) return;
    const lagMs = nowMs - Number(entryId.split('-', 1)[0]);
    deps.metrics.settled(type, eventType.slice('job.'.length) as EndStatus, lagMs);
  });
}

/** Before the entries are acknowledged, so that no webhook is lost; again is the same, by the delivery's id. */
async function queueWebhooks(
  events: EndEvent[],
  records: (JobRecord | null)[],
  { deliveries }: Deps,
): Promise<void> {
  const webhooks = events.flatMap((event, at) => webhookEventOf(event, records[at] ?? null) ?? []);
  if (webhooks.length === 0) return;
  const traces = new Map(records.map((record) => [record?.id, record?.trace]));
  await queueDeliveries(deliveries, webhooks, ({ job_id }) => traces.get(job_id));
}

function toSettled(
  entry: TerminalEntry,
  event: EndEvent,
  record: JobRecord | null,
  { keys }: Deps,
): Settled {
  const idempotency = record?.data.idempotency;
  const wakeUp: WakeUp = {
    job_id: entry.jobId,
    status: jobStatusSchema.parse(event.type.slice('job.'.length)),
    event_id: event.id,
  };
  return {
    entryId: entry.id,
    jobId: entry.jobId,
    eventType: event.type,
    auditEvent: JSON.stringify(event),
    wakeUp: JSON.stringify(wakeUp),
    keyRecord: idempotency ? keys.keyed(idempotency.scope) : '',
    openJobs: record?.data.counted ? keys.openJobs(record.data.tenant) : '',
    ofBatch: batchResultOf(entry, event),
  };
}

/** The jobs of the entries, in their order; `null` for one that is gone or that promptq did not make. */
async function readRecords(
  type: JobType,
  terminal: TerminalEntry[],
  { redis, keys, log }: Deps,
): Promise<(JobRecord | null)[]> {
  if (terminal.length === 0) return [];
  const pipeline = redis.pipeline();
  for (const { jobId } of terminal) pipeline.hmget(keys.job(type, jobId), ...fieldsToRead);
  const answers = (await pipeline.exec()) ?? [];
  return answers.map(([error, values], at) => {
    if (error) throw error;
    const fields: Record<string, string> = {};
    (values as (string | null)[]).forEach((value, index) => {
      if (value !== null) fields[fieldsToRead[index] as string] = value;
    });
    if (Object.keys(fields).length === 0) return null;
    const { jobId, event, detail } = terminal[at] as TerminalEntry;
    fields[event === 'completed' ? 'returnvalue' : 'failedReason'] = detail;
    try {
      return readJobHash(jobId, type, fields, { at: 'waiting' });
    } catch (fault) {
      logFault(log, fault, 'a finished job was not created by promptq', { job_id: jobId });
      return null;
    }
  });
}
