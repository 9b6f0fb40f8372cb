import type { Redis } from 'ioredis';
import type { Service } from '#support/processes.ts';

const types = ['chat', 'analysis'] as const;
const queues = ['chat.default', 'analysis.default'] as const;
const lists = ['wait', 'paused', 'active'] as const;
const sortedSets = ['prioritized', 'delayed', 'waiting-children', 'completed', 'failed'] as const;
const chunk = 1_000;

/** All that Redis holds of the jobs, read with plain commands and none of promptq's or BullMQ's code. */
export interface Reading {
  /** In which states each job is: it should be one. */
  states: Map<string, string[]>;
  /** The terminal status of each finished job as its hash tells it. */
  endings: Map<string, string>;
  /** How often each job was found without its worker. */
  stalls: Map<string, number>;
  /** The types of each job's audit events: it should be one. */
  audit: Map<string, string[]>;
  auditEvents: number;
}

export async function readAll(redis: Redis, prefix: string): Promise<Reading> {
  const reading: Reading = {
    states: new Map(),
    endings: new Map(),
    stalls: new Map(),
    audit: new Map(),
    auditEvents: 0,
  };
  for (const type of types) {
    const key = (name: string) => `${prefix}:${type}.default:${name}`;
    for (const list of lists)
      for (const id of await redis.lrange(key(list), 0, -1)) note(reading.states, id, list);
    for (const set of sortedSets)
      for (const id of await redis.zrange(key(set), '0', '-1')) note(reading.states, id, set);
    const finished = [...reading.states].filter(
      ([id, [state]]) => id.startsWith(type) && (state === 'completed' || state === 'failed'),
    );
    for (let at = 0; at < finished.length; at += chunk) {
      const some = finished.slice(at, at + chunk);
      const pipeline = redis.pipeline();
      for (const [id] of some) pipeline.hmget(key(id), 'failedReason', 'stc');
      const answers = (await pipeline.exec()) ?? [];
      some.forEach(([id, [state]], index) => {
        const [reason, stalls] = (answers[index]?.[1] ?? []) as (string | null)[];
        reading.endings.set(id, state === 'completed' ? 'completed' : failedAs(reason ?? ''));
        reading.stalls.set(id, Number(stalls ?? 0));
      });
    }
  }
  for await (const { jobId, type } of auditFrom(redis, `${prefix}:audit`)) {
    note(reading.audit, jobId, type);
    reading.auditEvents += 1;
  }
  return reading;
}

export async function* auditFrom(redis: Redis, key: string, after = '0') {
  let from = `(${after}`;
  if (after === '0') from = '-';
  for (;;) {
    const entries = await redis.xrange(key, from, '+', 'COUNT', chunk);
    for (const [entryId, fields] of entries) {
      const event = JSON.parse(fields[fields.indexOf('event') + 1] ?? '') as {
        job_id: string;
        type: string;
        error: { code: string } | null;
        attempts: number | null;
      };
      yield { entryId, jobId: event.job_id, ...event };
    }
    const last = entries.at(-1);
    if (!last || entries.length < chunk) return;
    from = `(${last[0]}`;
  }
}

/** Counts the active jobs whose worker is this process (`pb`, BullMQ's "processed by"). */
export async function activeJobsOf(
  { redis, prefix }: { redis: Redis; prefix: string },
  worker: Pick<Service, 'log'>,
): Promise<number> {
  const name = worker.log.find((line) => 'worker' in line)?.['worker'];
  const ids = await redis.lrange(`${prefix}:chat.default:active`, 0, -1);
  const owners = await Promise.all(
    ids.map((id) => redis.hget(`${prefix}:chat.default:${id}`, 'pb')),
  );
  return owners.filter((owner) => owner === name).length;
}

/** How many jobs are not terminal. */
export async function countOpen(redis: Redis, prefix: string): Promise<number> {
  const pipeline = redis.pipeline();
  for (const queue of queues) {
    for (const list of lists) pipeline.llen(`${prefix}:${queue}:${list}`);
    for (const set of sortedSets.slice(0, 3)) pipeline.zcard(`${prefix}:${queue}:${set}`);
  }
  return sum(await pipeline.exec());
}

export async function countFinished(redis: Redis, prefix: string): Promise<number> {
  const pipeline = redis.pipeline();
  for (const queue of queues)
    for (const set of sortedSets.slice(3)) pipeline.zcard(`${prefix}:${queue}:${set}`);
  return sum(await pipeline.exec());
}

function sum(answers: [Error | null, unknown][] | null): number {
  return (answers ?? []).reduce((all, [, count]) => all + Number(count), 0);
}

/** `failedReason` is JSON with a code, or a text of BullMQ's own. */
function failedAs(reason: string): string {
  if (!reason.startsWith('{')) return 'failed';
  const { code } = JSON.parse(reason) as { code: string };
  return code === 'cancelled' || code === 'expired' ? code : 'failed';
}

function note<Key>(map: Map<Key, string[]>, key: Key, value: string): void {
  const values = map.get(key);
  if (values) values.push(value);
  else map.set(key, [value]);
}
