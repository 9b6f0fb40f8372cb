import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findProgram } from '#scripts/processes/find-program.ts';
import { freePort } from '#scripts/processes/free-port.ts';
import { scrape, type Scrape } from '#support/metrics.ts';
import { startStack, type Stack } from '#support/stack.ts';

const run = promisify(execFile);
const file = (path: string) => new URL(`../../${path}`, import.meta.url);
const promtool = await findProgram(['promtool']);

let stack: Stack;
let seen: Scrape[];
beforeAll(async () => {
  stack = await startStack();
  const port = await freePort();
  await stack.worker({ HEALTH_PORT: String(port) });
  const { id } = await stack.submit({ type: 'chat', input: { message: 'x' } });
  await stack.finished(id);
  seen = await Promise.all([scrape(stack.api.url), scrape(`http://127.0.0.1:${port}`)]);
});
afterAll(() => stack.close());

test.each([
  'deploy/grafana/promptq.json',
  'deploy/prometheus/alerts.yml',
  'deploy/kubernetes/keda.yaml',
  'docs/operating.md',
])('%s asks only for metrics that there are', async (path) => {
  const text = await readFile(file(path), 'utf8');
  const asked = new Set(text.match(/\bpromptq_[a-z_]*[a-z]\b/g));
  const there = seen.map((one) => one.text).join('\n');
  expect([...asked].filter((name) => !there.includes(name))).toEqual([]);
  expect(asked.size).toBeGreaterThan(2);
});

test('every metric of promptq is in the dashboard', async () => {
  const dashboard = await readFile(file('deploy/grafana/promptq.json'), 'utf8');
  const names = seen.flatMap(({ text }) =>
    [...text.matchAll(/^# TYPE (promptq_\S+)/gm)].map(([, name]) => name as string),
  );
  expect(names.filter((name) => !dashboard.includes(name))).toEqual([]);
});

test('every alert says in docs/operating.md what to do', async () => {
  const alerts = await readFile(file('deploy/prometheus/alerts.yml'), 'utf8');
  const names = [...alerts.matchAll(/alert: (\w+)/g)].map(([, name]) => name as string);
  const page = await readFile(file('docs/operating.md'), 'utf8');
  expect(names.length).toBeGreaterThan(10);
  expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});

// Of Debian's package `prometheus`.
test.skipIf(!promtool)(
  'promtool finds nothing in the rules, their tests and both processes',
  async () => {
    const prometheus = (name: string) => file(`deploy/prometheus/${name}`).pathname;
    await run(promtool as string, ['check', 'rules', prometheus('alerts.yml')]);
    await run(promtool as string, ['test', 'rules', prometheus('alerts.test.yml')]);
    await run(promtool as string, ['check', 'config', prometheus('prometheus.yml')]);
    const directory = await mkdtemp(join(tmpdir(), 'promptq-metrics-'));
    try {
      for (const [at, { text }] of seen.entries()) {
        const exposition = join(directory, String(at));
        await writeFile(exposition, text);
        const command = `"${promtool}" check metrics < "${exposition}"`;
        expect(await run('sh', ['-c', command])).toEqual({ stdout: '', stderr: '' });
      }
    } finally {
      await rm(directory, { recursive: true });
    }
  },
);
