import { setTimeout as delay } from 'node:timers/promises';
import type { AuditEvent, AuditQuery } from '@promptq/client';
import type { Command } from 'commander';
import type { AddCommand } from '../command-line.ts';
import type { Context } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { wholeNumber } from '../flags.ts';
import { shownOn } from '../output/output.ts';

const askEveryMs = 1_000;

interface TailFlags {
  lines: number;
  follow?: boolean;
  jobId?: string;
  userId?: string;
  type?: string;
  since?: string;
}

/** `promptq audit tail`. */
export function addAudit(program: Command, add: AddCommand): void {
  const audit = program.command('audit').description('The audit events of finished jobs.');
  add(
    audit,
    'tail',
    'Prints the last audit events, oldest first.',
    (command) => {
      command
        .option('-n, --lines <n>', 'how many', wholeNumber(0, 1_000_000), 10)
        .option('-f, --follow', 'go on with new ones, until Ctrl-C')
        .option('--job-id <id>', 'of one job')
        .option('--user-id <id>', 'of one user')
        .option('--type <type>', 'job.completed, job.failed, ..., or chat, analysis')
        .option('--since <time>', 'finished then or later, as in 2026-01-31T12:00:00Z');
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
  /** Newest first, up to the one that was printed last; of the first look the last `lines`. */
  const look = async (lastId: string | null, most: number): Promise<AuditEvent[]> => {
    const found: AuditEvent[] = [];
    const limit = Math.min(100, Math.max(1, most));
    for await (const event of client.audit({ ...query, limit }, { signal })) {
      if (event.id === lastId || (lastId === null && found.length >= most)) break;
      found.push(event);
    }
    return found;
  };

  const first = await look(null, Math.max(1, flags.lines));
  let lastId = first[0]?.id ?? null;
  for (const event of first.slice(0, flags.lines).toReversed()) await print(event, context);
  while (flags.follow === true) {
    await delay(askEveryMs, undefined, { signal }).catch(() => signal.throwIfAborted());
    const fresh = await look(lastId, lastId === null ? Infinity : 100);
    lastId = fresh[0]?.id ?? lastId;
    for (const event of fresh.toReversed()) await print(event, context);
  }
  return exitCodes.done;
}

async function print(event: AuditEvent, { out, json }: Context): Promise<void> {
  await out.write(`${json ? JSON.stringify(event) : shownOn(out, describe(event))}\n`);
}

function describe(event: AuditEvent): string {
  const { latency_ms: ms, usage, error } = event;
  const parts = [
    event.timestamp,
    event.type,
    event.job_id,
    event.user_id ?? '-',
    `${ms === null ? '-' : Math.round(ms)} ms`,
    `${usage.total_tokens} tokens`,
  ];
  const said = error ? error.code : JSON.stringify(event.reply ?? '');
  return `${parts.join('  ')}  ${JSON.stringify(event.message ?? '')} -> ${said}`;
}
