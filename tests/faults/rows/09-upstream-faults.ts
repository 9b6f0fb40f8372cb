import type { ServerResponse } from 'node:http';
import { chat, withEnvironment, type Environment } from '../environment/environment.ts';
import { settleAndCheck, type Verdict } from '../environment/invariants.ts';
import { auditFrom } from '../environment/reader.ts';
import type { Figures, Row, RowContext, RowResult } from '../row.ts';
import { completion, sendError, type UpstreamCall } from '#support/upstream.ts';
import { each, largest } from '../wait.ts';
import { rateLimits } from './09-rate-limits.ts';

/** Writes an invalid answer, or none. */
type Misbehave = (res: ServerResponse) => void;

const whole = JSON.stringify(completion('done', 'gpt-4o-mini'));
const jsonHead = { 'content-type': 'application/json' };
const byteIntervalMs = 1_000;

const misbehaviours: Record<string, Misbehave> = {
  '500': (res) => sendError(res, 500, 'server_error'),
  '503': (res) => sendError(res, 503, null),
  reset: (res) => void res.socket?.resetAndDestroy(),
  truncated: (res) => {
    res.writeHead(200, { ...jsonHead, 'content-length': whole.length });
    res.write(whole.slice(0, 40), () => res.destroy());
  },
  'invalid-json': (res) => void res.writeHead(200, jsonHead).end('{"choices": [{"mess'),
};
/** Of a job whose calls hang: long enough that a call which is answered is answered in time on a busy machine. */
const timeoutSeconds = 6;
/** A call that hangs is answered in the end. A worker that missed its time limit would complete the job. */
const answerAfterMs = 60_000;
const hangs: Record<string, Misbehave> = {
  silence: (res) => {
    res.writeHead(200, jsonHead).flushHeaders();
    const timer = setTimeout(() => res.end(whole), answerAfterMs);
    res.on('close', () => clearTimeout(timer));
  },
  'byte-a-second': (res) => {
    res.writeHead(200, jsonHead);
    let at = 0;
    const timer = setInterval(() => {
      if (at * byteIntervalMs < answerAfterMs) res.write(whole[at++] ?? ' ');
      else res.end(whole.slice(at));
    }, byteIntervalMs);
    res.on('close', () => clearInterval(timer));
  },
};

/** Row 9: an upstream that refuses, breaks off, talks nonsense, says nothing, or limits the rate. */
export const upstreamFaults: Row = {
  number: 9,
  name: 'faults of the upstream',
  run: async (context) => {
    const [broken, limited] = await Promise.all([brokenAnswers(context), rateLimits(context)]);
    return {
      figures: { ...broken.figures, ...limited.figures },
      violations: [...broken.violations, ...limited.violations],
    };
  },
};

/** What one job is to live through. */
interface Plan {
  fault: string;
  attempts: number;
  /** The call that is answered well at last; 0 for never. */
  succeedsOnCall: number;
}

function brokenAnswers({ random, isShort }: RowContext): Promise<RowResult> {
  return withEnvironment({ env: { WORKER_CONCURRENCY: '300' } }, async (environment) => {
    const jobsOfFault = isShort ? 40 : 200;
    const plans = new Map<string, Plan>();
    const called = new Map<string, number>();
    const hung: UpstreamCall[] = [];
    const all = { ...misbehaviours, ...hangs };
    environment.upstream.answerWith((call, res) => {
      const [, n = '', fault = ''] = call.body.messages[0]?.content.split(/[- ]/, 3) ?? [];
      const name = plans.get(n)?.fault ?? fault;
      const times = (called.get(call.key) ?? 0) + 1;
      called.set(call.key, times);
      if (times === plans.get(n)?.succeedsOnCall) return 'done';
      if (name in hangs) hung.push(call);
      all[name]?.(res);
      return undefined;
    });
    const workers = [await environment.worker(), await environment.worker()];

    const planOf = new Map<string, Plan>();
    let n = 0;
    const submitAll = async (faults: string[]) => {
      const queue = faults.flatMap((fault) => Array.from({ length: jobsOfFault }, () => fault));
      await each(queue.length, 10, async (at) => {
        const attempts = random.between(1, 3);
        const succeedsOnCall = random.next() < 0.5 ? random.between(2, 3) : 0;
        const plan = { fault: queue[at] ?? '', attempts, succeedsOnCall };
        const number = String((n += 1));
        plans.set(number, plan);
        const limit = plan.fault in hangs ? { timeout_seconds: timeoutSeconds } : {};
        const options = { max_attempts: attempts, ...limit };
        const { id } = await environment.submit(chat(Number(number), '', options));
        if (id) planOf.set(id, plan);
      });
    };
    await submitAll(Object.keys(misbehaviours));
    // The hangs come alone, so that they do not hold the slots of the other jobs.
    const first = await settleAndCheck(environment);
    await submitAll(Object.keys(hangs));
    const verdict = await settleAndCheck(environment);
    const outcomes = await wrongOutcomes(environment, planOf, called);
    const violations = [...first.violations, ...verdict.violations, ...outcomes.violations];
    const open = hung.filter(({ disconnected }) => !disconnected.aborted).length;
    if (open > 0) violations.push(`${open} calls that hung were not closed`);
    const timeouts = workers
      .flatMap(({ log }) => log)
      .filter(({ msg, code }) => msg === 'attempt ended' && code === 'timeout')
      .map(({ ms }) => Number(ms));
    // Only to distinguish this limit from another: a timer of a busy event loop may fire a little early.
    const early = timeouts.filter((ms) => ms < (timeoutSeconds * 1_000) / 2);
    if (early.length > 0) violations.push(`attempts timed out after ${early.join()} ms`);
    if (timeouts.length !== hung.length)
      violations.push(`${timeouts.length} attempts timed out, ${hung.length} calls hung`);
    return {
      violations,
      figures: {
        ...figuresOf(verdict),
        ...outcomes.figures,
        timed_out: timeouts.length,
        timeout_ms_max: Math.round(largest(timeouts)),
      },
    };
  });
}

function figuresOf({ figures }: Verdict): Figures {
  return {
    accepted: figures.accepted,
    completed: figures['completed'] ?? 0,
    failed: figures.failed,
  };
}

/** Compares each job's end with its plan: status, code, attempts, and how many calls it made. */
async function wrongOutcomes(
  environment: Environment,
  planOf: Map<string, Plan>,
  called: Map<string, number>,
): Promise<RowResult> {
  const wrong: string[] = [];
  for await (const event of auditFrom(environment.redis, `${environment.prefix}:audit`)) {
    const plan = planOf.get(event.jobId);
    if (!plan) continue;
    const recovers = plan.succeedsOnCall > 0 && plan.succeedsOnCall <= plan.attempts;
    const attempts = recovers ? plan.succeedsOnCall : plan.attempts;
    const code = plan.fault in hangs ? 'timeout' : 'upstream_unavailable';
    const expected = `${recovers ? 'job.completed' : `job.failed ${code}`} after ${attempts} attempts and ${attempts} calls`;
    const end = event.error ? `${event.type} ${event.error.code}` : event.type;
    const calls = called.get(`${event.jobId}-chat`) ?? 0;
    const seen = `${end} after ${event.attempts} attempts and ${calls} calls`;
    if (seen !== expected) wrong.push(`${plan.fault}: ${seen}, not ${expected}`);
  }
  return { figures: { wrong_outcomes: wrong.length }, violations: wrong.slice(0, 5) };
}
