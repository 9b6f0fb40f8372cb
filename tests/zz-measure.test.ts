import { createServer } from 'node:http';
import { expect, test } from 'vitest';
import { openSending } from './support/sending.ts';
import { until } from './support/until.ts';
async function host(answer: (res: any, n: number) => void) {
  let n = 0;
  const s = createServer((req, res) => {
    req.resume();
    req.on('end', () => {
      n += 1;
      answer(res, n);
    });
  });
  await new Promise<void>((r) => s.listen(0, '127.0.0.1', r));
  return {
    url: `http://127.0.0.1:${(s.address() as any).port}/x`,
    count: () => n,
    close: async () => {
      s.closeAllConnections();
      await new Promise((r) => s.close(r));
    },
  };
}
const cases: [string, number, (res: any, n: number) => void][] = [
  ['0 ms', 2000, (res) => res.end()],
  ['20 ms', 2000, (res) => setTimeout(() => res.end(), 20)],
  ['100 ms', 1000, (res) => setTimeout(() => res.end(), 100)],
  [
    'mixed 1 of 4 takes 1 s',
    400,
    (res, n) => (n % 4 === 0 ? setTimeout(() => res.end(), 1000) : res.end()),
  ],
];
test.each(cases)('one host %s', async (name, count, answer) => {
  const s = openSending();
  const h = await host(answer);
  await s.queueAll(Array.from({ length: count }, () => h.url));
  const t0 = performance.now();
  const c = s.start('127.0.0.1');
  const iv = setInterval(async () => process.stdout.write(`Q ${JSON.stringify(await s.queue.getJobCounts('wait','active','delayed','completed'))} started ${c.started()}\n`), 1000);
  await until('all', async () => (await s.queue.getCompletedCount()) === count);
  clearInterval(iv);
  const ms = performance.now() - t0;
  process.stdout.write(
    `MEASURE one host ${name}: ${count} in ${Math.round(ms)} ms, ${Math.round((count / ms) * 1000)}/s, fetched ${c.started()} (${(c.started() / count).toFixed(2)} per delivery)\n`,
  );
  expect(h.count()).toBe(count);
  await s.close();
  await h.close();
});
