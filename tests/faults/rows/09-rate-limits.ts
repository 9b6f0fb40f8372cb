import { chat, withEnvironment } from '../environment/environment.ts';
import { settleAndCheck } from '../environment/invariants.ts';
import { notifyingRedis, watchPauses } from '../environment/pauses.ts';
import { auditFrom } from '../environment/reader.ts';
import type { RowContext, RowResult } from '../row.ts';
import { sendJson } from '#support/upstream.ts';
import { each, sleep } from '../wait.ts';

/**
 * The part of row 9 about 429: the pool pauses for as long as the upstream asks, and no attempt is spent. Redis itself
 * is the witness. Each pause is recorded with the duration that was asked for, and no job is fetched before it expires.
 */
export function rateLimits({ random, isShort }: RowContext): Promise<RowResult> {
  const options = { env: { WORKER_CONCURRENCY: '10' }, redisArgs: notifyingRedis };
  return withEnvironment(options, async (environment) => {
    const jobs = isShort ? 60 : 200;
    const limitEvery = isShort ? 20 : 40;
    let answered = 0;
    let isLimited = false;
    const pauses: number[] = [];
    const askedMs = new Set<number>();
    const watch = await watchPauses(environment, 'chat.default', () => (isLimited = false));
    const refusal = (pauseMs: number): Record<string, string> => {
      askedMs.add(pauseMs);
      return random.next() < 0.5
        ? { 'retry-after-ms': String(pauseMs) }
        : { 'retry-after': String(pauseMs / 1_000) };
    };
    environment.upstream.answerWith(async (_call, res) => {
      const error = {
        error: { message: 'slow down', type: 'requests', code: 'rate_limit_exceeded' },
      };
      // A call that was under way asks for less than the pause that is on.
      if (isLimited) return sendJson(res, 429, error, refusal(random.between(1, 3) * 500));
      answered += 1;
      if (answered % limitEvery === 0) {
        isLimited = true;
        const pauseMs = random.between(2, 6) * 1_000;
        pauses.push(pauseMs);
        return sendJson(res, 429, error, refusal(pauseMs));
      }
      await sleep(20);
      return 'done';
    });
    for (let n = 0; n < 2; n += 1) await environment.worker();
    await each(
      jobs,
      10,
      async (n) => void (await environment.submit(chat(n, '', { max_attempts: 1 }))),
    );
    const verdict = await settleAndCheck(environment);
    watch.stop();
    const violations = [...verdict.violations];
    for await (const { jobId, type, attempts } of auditFrom(
      environment.redis,
      `${environment.prefix}:audit`,
    ))
      if (type !== 'job.completed' || attempts !== 1)
        violations.push(`${jobId} is ${type} after ${attempts} attempts`);
    violations.push(...pauseFaults(pauses, askedMs, watch.recordedMs));
    if (watch.fetched < jobs) violations.push(`only ${watch.fetched} fetches were seen`);
    if (watch.fetchedWhilePaused > 0)
      violations.push(`${watch.fetchedWhilePaused} jobs were fetched while the pool was paused`);
    return {
      violations: violations.slice(0, 5).map((violation) => `429: ${violation}`),
      figures: {
        rate_limited_jobs: verdict.figures.accepted,
        pauses: pauses.length,
        fetched_while_paused: watch.fetchedWhilePaused,
      },
    };
  });
}

/**
 * Compares what the upstream asked for with what Redis recorded: each pause in its order, and nothing that was not asked
 * for. What calls under way asked for is recorded only when less than that was left of the pause.
 */
function pauseFaults(pauses: number[], askedMs: Set<number>, recordedMs: number[]): string[] {
  const faults: string[] = [];
  if (pauses.length === 0) faults.push('the upstream limited nobody: the fault did not happen');
  const invented = recordedMs.filter((ms) => !askedMs.has(ms));
  if (invented.length > 0) faults.push(`pauses of ${invented.join()} ms that nobody asked for`);
  const recorded = recordedMs.filter((ms) => ms >= 2_000);
  if (recorded.join() !== pauses.join())
    faults.push(`pauses of ${recorded.join()} ms for the ${pauses.join()} ms that were asked for`);
  return faults;
}
