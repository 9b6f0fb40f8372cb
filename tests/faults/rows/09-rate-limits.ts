import { chat, onBed } from '../bed/bed.ts';
import { settleAndCheck } from '../bed/invariants.ts';
import { auditFrom } from '../bed/reader.ts';
import type { RowContext, RowResult } from '../row.ts';
import { sendJson } from '#support/upstream.ts';
import { each, largest, round, sleep } from '../wait.ts';

const tolerance = 0.1;
/** Calls that were under way when the first refusal was sent may still come in. */
const underWayMs = 500;

/** The part of row 9 about 429: the pool stays away for as long as it is told to, and no attempt is spent. */
export function rateLimits({ random, isShort }: RowContext): Promise<RowResult> {
  return onBed({ environment: { WORKER_CONCURRENCY: '10' } }, async (bed) => {
    const jobs = isShort ? 60 : 200;
    const limitEvery = isShort ? 20 : 40;
    let answered = 0;
    let pauseMs = 0;
    let limitedAt = 0;
    let isWaiting = false;
    let early = 0;
    const offBy: number[] = [];
    const refuse = (): Record<string, string> => {
      const left = Math.max(1, Math.ceil(pauseMs - (performance.now() - limitedAt)));
      return random.next() < 0.5
        ? { 'retry-after-ms': String(left) }
        : { 'retry-after': String(round(left / 1_000)) };
    };
    bed.upstream.answerWith(async (_call, res) => {
      const sinceMs = performance.now() - limitedAt;
      const error = {
        error: { message: 'slow down', type: 'requests', code: 'rate_limit_exceeded' },
      };
      if (isWaiting && sinceMs < pauseMs * (1 - tolerance)) {
        if (sinceMs > underWayMs) early += 1;
        return sendJson(res, 429, error, refuse());
      }
      if (isWaiting) {
        isWaiting = false;
        offBy.push((sinceMs - pauseMs) / pauseMs);
      }
      answered += 1;
      if (answered % limitEvery === 0) {
        pauseMs = random.between(2, 6) * 1_000;
        limitedAt = performance.now();
        isWaiting = true;
        return sendJson(res, 429, error, refuse());
      }
      await sleep(20);
      return 'done';
    });
    for (let n = 0; n < 2; n += 1) await bed.worker();
    await each(jobs, 10, async (n) => void (await bed.submit(chat(n, '', { max_attempts: 1 }))));
    const verdict = await settleAndCheck(bed, 120);
    const violations = verdict.violations.map((violation) => `429: ${violation}`);
    for await (const { jobId, type, attempts } of auditFrom(bed.redis, `${bed.prefix}:audit`))
      if (type !== 'job.completed' || attempts !== 1)
        violations.push(`429: ${jobId} is ${type} after ${attempts} attempts`);
    if (early > 0) violations.push(`429: ${early} calls came too early`);
    const worst = largest(offBy.map(Math.abs));
    if (worst > tolerance) violations.push(`429: a pause was off by ${Math.round(worst * 100)} %`);
    return {
      violations: violations.slice(0, 5),
      figures: {
        rate_limited_jobs: verdict.figures.accepted,
        pauses: offBy.length,
        pause_off_by_percent_max: round(worst * 100),
        calls_too_early: early,
      },
    };
  });
}
