import { chat, onBed, promptMark, type Bed } from '../bed/bed.ts';
import { repeatedCalls, settleAndCheck } from '../bed/invariants.ts';
import type { Row } from '../row.ts';
import { eventually, sleep } from '../wait.ts';
import { deleteLocks } from './07-poison.ts';

const crashingWorker = 'tests/support/crashing-worker.ts';
const sides = ['before', 'after'] as const;
const boundaries = ['call', 'checkpoint', 'finish', 'settlement'] as const;
const concurrency = 5;

/** Row 2: a process dies at each boundary of a job's way. Short: locks of the dead do not run out, they are deleted. */
export const boundaryKills: Row = {
  number: 2,
  name: 'killed at each boundary',
  run: ({ random, isShort }) =>
    onBed({ environment: { WORKER_CONCURRENCY: String(concurrency) } }, async (bed) => {
      bed.upstream.answerWith(async () => {
        await sleep(random.between(10, 60));
        return 'done';
      });
      const places = sides.flatMap((side) => boundaries.map((boundary) => `${side}-${boundary}`));
      const workers = [];
      for (const place of places) {
        const on = String(random.between(1, 8));
        workers.push({
          place,
          service: await bed.worker({ DIES_AT: place, DIES_ON: on }, crashingWorker),
        });
      }
      const ends: { place: string; signal: string | null }[] = [];
      const violations: string[] = [];
      for (const { place, service } of workers) {
        void service.exited.then(({ signal }) => ends.push({ place, signal }));
      }
      // A drip of jobs, so that each worker comes to its boundary.
      await eventually(async () => {
        await submitSome(bed);
        return ends.length === places.length;
      });
      const died = ends.filter(({ signal }) => signal === 'SIGKILL').map(({ place }) => place);
      const others = places.filter((place) => !died.includes(place));
      if (others.length > 0) violations.push(`nobody died ${others.join(', ')}`);
      if (isShort)
        for (const { service } of workers) await deleteLocks(bed, `crashing-${service.pid}`);
      const held = await bed.redis.xpending(`${bed.prefix}:chat:events`, 'settlement');
      const active = await bed.redis.llen(`${bed.prefix}:chat:active`);
      for (const { service } of workers) await service.kill('SIGKILL');
      await bed.worker();
      const verdict = await settleAndCheck(bed);
      violations.push(...verdict.violations);
      if (verdict.figures.failed > 0) violations.push(`${verdict.figures.failed} jobs failed`);
      return {
        violations,
        figures: {
          ...verdict.figures,
          boundaries: places.length,
          active_when_all_were_dead: active,
          events_held_by_the_dead: Number(held[0]),
          repeated_calls: repeatedCalls(bed),
        },
      };
    }),
};

let n = 0;

async function submitSome(bed: Bed): Promise<void> {
  n += 1;
  const texts = [`${promptMark}${n} one`, `${promptMark}${n} two`];
  await bed.submit({ type: 'analysis', input: { texts, tasks: ['summary'] } });
  await bed.submit(chat(n));
}
