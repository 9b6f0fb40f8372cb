import { setTimeout as delay } from 'node:timers/promises';
import type { AuditEvent, AuditQuery } from '@promptq/client';
import type { Command } from 'commander';
import type { AddCommand } from '../arguments/add-command.ts';
import type { Context } from '../context/context.ts';
import { exitCodes } from '../context/exit-codes.ts';
import { wholeNumber } from '../arguments/flags.ts';
import { sanitizeFor } from '../context/output.ts';

const pollIntervalMs = 1_000;
const maxPageSize = 100;

interface TailFlags {
  lines: number;
  follow?: boolean;
  jobId?: string;
  userId?: string;
  type?: string;
  since?: string;
}

/** Adds `promptq audit tail`. */
export function addAudit(program: Command, add: AddCommand): void {
  const audit = program.command('audit').description('Reads the audit events of finished jobs.');
  add(
    audit,
    'tail',
    'Prints the latest audit events, oldest first.',
    (command) => {
      command
        .option('-n, --lines <n>', 'number of events', wholeNumber(0, 1_000_000), 10)
        .option('-f, --follow', 'continue with new events until Ctrl-C')
        .option('--job-id <id>', 'only events of this job')
        .option('--user-id <id>', 'only events of this user')
        .option(
          '--type <type>',
          'only events of this type: job.completed, job.failed, ..., or chat, analysis',
        )
        .option(
          '--since <time>',
          'only jobs finished at or after this time (2026-01-31T12:00:00Z)',
        );
    },
    (_args, command) => (context) => tail(command.opts<TailFlags>(), context),
  );
}

async function tail(flags: TailFlags, context: Context): Promise<number> {
  const { client, signal } = context;
  const query = {
    ...(flags.jobId === undefined ? {} : { job_id: flags.jobId }),
    ...(flags.userId === undefined ? {} : { user_id: flags.userId }),
    ...(flags.type === undefined ? {} : { type: flags.type as NonNullable<AuditQuery['type']> }),
    ...(flags.since === undefined ? {} : { since: flags.since }),
  };
  /** Reads the latest events, newest first. Without a `lastId`: at most `count`. Otherwise: those after `lastId`. */
  const readLatest = async (lastId: string | null, count: number): Promise<AuditEvent[]> => {
    const events: AuditEvent[] = [];
    const limit = Math.min(maxPageSize, Math.max(1, count));
    for await (const event of client.audit({ ...query, limit }, { signal })) {
      if (event.id === lastId || (lastId === null && events.length >= count)) break;
      events.push(event);
    }
    return events;
  };

  const first = await readLatest(null, Math.max(1, flags.lines));
  let lastId = first[0]?.id ?? null;
  for (const event of first.slice(0, flags.lines).toReversed()) await print(event, context);
  while (flags.follow === true) {
    await delay(pollIntervalMs, undefined, { signal }).catch(() => signal.throwIfAborted());
    const fresh = await readLatest(lastId, lastId === null ? Infinity : maxPageSize);
    lastId = fresh[0]?.id ?? lastId;
    for (const event of fresh.toReversed()) await print(event, context);
  }
  return exitCodes.success;
}

async function print(event: AuditEvent, { out, json }: Context): Promise<void> {
  await out.write(`${json ? JSON.stringify(event) : sanitizeFor(out, describeEvent(event))}\n`);
}

function describeEvent(event: AuditEvent): string {
  const { latency_ms: latencyMs, usage, error } = event;
  const fields = [
    event.timestamp,
    event.type,
    event.job_id,
    event.user_id ?? '-',
    `${latencyMs === null ? '-' : Math.round(latencyMs)} ms`,
    `${usage.total_tokens} tokens`,
  ];
  const result = error ? error.code : JSON.stringify(event.reply ?? '');
  return `${fields.join('  ')}  ${JSON.stringify(event.message ?? '')} -> ${result}`;
}
