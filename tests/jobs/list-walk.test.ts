import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PublicJob } from '@promptq/shared/contracts';
import { walkAll } from '#support/list.ts';
import { startApi, type Service } from '#support/processes.ts';
import { startStack, type Stack } from '#support/stack.ts';

let stack: Stack;
let other: Service & { url: string };
beforeAll(async () => {
  stack = await startStack();
  other = await startApi(stack.environment);
});
afterAll(async () => {
  await other.kill('SIGKILL');
  await stack.close();
});

const later = { delay_seconds: 3_600 };

test('pages neither skip nor repeat while jobs arrive through two APIs and go', async () => {
  const submitTo = async (url: string) =>
    (
      (await (
        await fetch(`${url}/v1/jobs`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ type: 'chat', input: { message: 'x' }, ...later }),
        })
      ).json()) as PublicJob
    ).id;
  const both = (count: number) =>
    Promise.all(
      Array.from({ length: count }, (_, n) =>
        submitTo([stack.api.url, other.url][n % 2] as string),
      ),
    );
  await fc.assert(
    fc.asyncProperty(
      fc.record({ before: fc.integer({ min: 1, max: 25 }), limit: fc.integer({ min: 1, max: 9 }) }),
      fc.array(fc.record({ arrive: fc.nat(3), leave: fc.nat(3) }), { maxLength: 6 }),
      async ({ before, limit }, changes) => {
        const begin = new Date().toISOString();
        const made = await both(before);
        const removed = new Set<string>();
        const { ids, pages } = await walkAll(
          stack,
          { limit: String(limit), created_after: begin },
          async () => {
            const { arrive, leave } = changes.shift() ?? { arrive: 0, leave: 0 };
            await both(arrive);
            for (const id of made.slice(0, leave)) {
              removed.add(id);
              await stack.redis.del(stack.keys.job('chat', id));
              await stack.redis.zrem(stack.keys.delayed('chat'), id);
            }
          },
        );
        expect(new Set(ids).size, 'none twice').toBe(ids.length);
        for (const id of made) if (!removed.has(id)) expect(ids).toContain(id);
        const times = pages.flatMap(({ data }) => data.map(({ created_at }) => created_at));
        expect(times).toEqual(times.toSorted().toReversed());
      },
    ),
    { numRuns: 25 },
  );
});
