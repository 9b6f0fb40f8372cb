import { eventually, maxWaitSeconds, sleep } from '../wait.ts';
import type { Figures } from '../row.ts';
import { promptMark, secret, type Environment } from './environment.ts';
import { countFinished, countOpen, readAll, type Reading } from './reader.ts';

export interface Verdict {
  figures: Figures & { accepted: number; failed: number };
  violations: string[];
  reading: Reading;
}

const infoLevel = 30;
/** Long enough for a second audit event of a job to show. */
const afterwardsMs = 1_500;

/** Waits until every job is terminal and has its audit event. @returns whether that came true */
export async function settle({ redis, prefix }: Environment): Promise<boolean> {
  const seconds = await eventually(
    async () =>
      (await countOpen(redis, prefix)) === 0 &&
      (await redis.xlen(`${prefix}:audit`)) >= (await countFinished(redis, prefix)),
    200,
  );
  await sleep(afterwardsMs);
  return seconds !== null;
}

/** Waits until every job is terminal and has its audit event, then checks what must hold after any fault. */
export async function settleAndCheck(environment: Environment): Promise<Verdict> {
  const { redis, prefix } = environment;
  const hasSettled = await settle(environment);
  const reading = await readAll(redis, prefix);
  const violations = [
    ...(!hasSettled ? [`not all jobs were terminal and audited in ${maxWaitSeconds} s`] : []),
    ...recordFaults(environment.accepted, reading),
    ...logFaults(environment),
  ];
  const count = (ending: string) =>
    [...reading.endings.values()].filter((e) => e === ending).length;
  return {
    violations,
    reading,
    figures: {
      accepted: environment.accepted.size,
      completed: count('completed'),
      failed: count('failed'),
      cancelled: count('cancelled'),
      expired: count('expired'),
      audit_events: reading.auditEvents,
      lost: [...environment.accepted].filter((id) => !reading.states.has(id)).length,
    },
  };
}

/** Every accepted job in one state, and that a terminal one; one audit event for each, of its status. */
export function recordFaults(accepted: Set<string>, reading: Reading): string[] {
  const faults: string[] = [];
  for (const id of accepted) if (!reading.states.has(id)) faults.push(`${id} is lost`);
  for (const [id, states] of reading.states) {
    if (states.length > 1) faults.push(`${id} is in ${states.join(' and ')}`);
    const ending = reading.endings.get(id);
    if (!ending) faults.push(`${id} is still ${states.join()}`);
    const events = reading.audit.get(id) ?? [];
    if (events.length !== 1) faults.push(`${id} has ${events.length} audit events`);
    else if (events[0] !== `job.${ending}`)
      faults.push(`${id} is ${ending}, its event ${events[0]}`);
  }
  for (const id of reading.audit.keys())
    if (!reading.states.has(id))
      faults.push(`an audit event for ${id}, which is not the id of a job`);
  return shorten(faults);
}

/** No secret and no prompt at `info` or above, in no process. */
export function logFaults({ services }: Pick<Environment, 'services'>): string[] {
  const faults: string[] = [];
  for (const { log, text } of services) {
    const lines = [
      ...log.filter(({ level }) => level >= infoLevel).map((line) => JSON.stringify(line)),
      ...text,
    ];
    for (const line of lines)
      if (line.includes(secret) || line.includes(promptMark))
        faults.push(`a log shows what it must not: ${line.slice(0, 120)}`);
  }
  return shorten(faults);
}

const maxReported = 5;

function shorten(faults: string[]): string[] {
  if (faults.length <= maxReported) return faults;
  return [...faults.slice(0, maxReported), `and ${faults.length - maxReported} more like these`];
}

/** Calls of the upstream beyond the first of each step of each job. */
export function repeatedCalls({ upstream }: Pick<Environment, 'upstream'>): number {
  return upstream.calls.length - new Set(upstream.calls.map(({ key }) => key)).size;
}

/** Lines of a process's log with this text. */
export function logged(service: { log: { msg: string }[] }, text: string): number {
  return service.log.filter(({ msg }) => msg.includes(text)).length;
}

const maxOutputChars = 300;

/** The processes that ended although nobody ended them, with the end of their output. */
export async function endedServices({
  services,
}: Pick<Environment, 'services'>): Promise<string[]> {
  const ended = await Promise.all(
    services.map(async ({ exited, log, text }) => {
      const end = await Promise.race([exited, sleep(10).then(() => null)]);
      if (end === null) return [];
      const output = [...log.slice(-2).map((line) => JSON.stringify(line)), ...text.slice(-5)];
      return [
        `a process ended with ${end.code ?? end.signal}: ${output.join(' ').slice(-maxOutputChars)}`,
      ];
    }),
  );
  return ended.flat();
}
