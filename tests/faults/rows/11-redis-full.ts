import { chat, withEnvironment } from '../environment/environment.ts';
import { endedServices, settleAndCheck } from '../environment/invariants.ts';
import type { Row } from '../row.ts';
import { eventually, largest, sleep } from '../wait.ts';
import { submitAlways } from './04-redis-restarts.ts';

const largestFillBytes = 256 * 1_024;
const smallestFillBytes = 128;

/** Row 11: Redis runs full under load, stays full for a while, and has room again. */
export const redisFull: Row = {
  number: 11,
  name: 'Redis full',
  run: ({ random }) =>
    withEnvironment({ redisArgs: ['--maxmemory', '64mb'] }, async (environment) => {
      environment.upstream.answerWith(async () => {
        await sleep(random.between(200, 800));
        return 'done';
      });
      for (let n = 0; n < 2; n += 1) await environment.worker();
      const submitter = submitAlways(environment);
      await sleep(3_000);
      const fill = async () => {
        for (let bytes = largestFillBytes, n = 0; bytes >= smallestFillBytes; n += 1) {
          try {
            await environment.redis.set(`fill:${bytes}:${n}`, 'x'.repeat(bytes));
          } catch {
            bytes /= 2; // Full for this size.
          }
        }
      };
      const refused = await eventually(async () => {
        await fill();
        return (await environment.submit(chat(1_000_000))).status === 503;
      });
      const violations: string[] = [];
      if (refused === null) violations.push('a full Redis was never answered with 503');
      // Full for a while: what finishes now must not be lost.
      for (let second = 0; second < 15; second += 1) {
        await fill();
        await sleep(1_000);
      }
      const health = await environment.request('/healthz');
      if (health.status !== 200) violations.push(`/healthz answers ${health.status}`);
      const names = await environment.redis.keys('fill:*');
      for (const name of names) await environment.redis.unlink(name);
      const accepted = environment.accepted.size;
      const api = await eventually(() => environment.accepted.size > accepted);
      if (api === null) violations.push('the API did not resume');
      await sleep(2_000);
      const { refusedMs, statuses } = await submitter.stop();
      const verdict = await settleAndCheck(environment);
      violations.push(...verdict.violations);
      if (verdict.figures.failed > 0) violations.push(`${verdict.figures.failed} jobs failed`);
      const odd = [...statuses].filter((status) => status !== 202 && status !== 503);
      if (odd.length > 0) violations.push(`answers ${odd.join()}`);
      violations.push(...(await endedServices(environment)));
      return {
        violations,
        figures: {
          ...verdict.figures,
          refused: refusedMs.length,
          slowest_503_ms: Math.round(largest(refusedMs)),
          resumed_seconds: api ?? -1,
          stalled: [...verdict.reading.stalls.values()].filter((stalls) => stalls > 0).length,
        },
      };
    }),
};
