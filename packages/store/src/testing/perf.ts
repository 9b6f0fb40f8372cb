import { Redis } from 'ioredis';
import { Worker, Queue } from 'bullmq';
import { openContext } from '../open-context.ts';
import { composeStore } from '../open-store.ts';
import { chatSpec } from './perf-spec.ts';
import { createLogger } from '@promptq/shared/logging';
const url = 'redis://127.0.0.1:7399';
const raw = new Redis(url, { maxRetriesPerRequest: null } as any);
await raw.flushall();
const N = Number(process.argv[2] ?? 20000);
const redisCpu = async () => {
  const i = await raw.info('cpu');
  return (
    (Number(/used_cpu_sys:([\d.]+)/.exec(i)![1]) + Number(/used_cpu_user:([\d.]+)/.exec(i)![1])) *
    1e6
  );
};
async function measure(name: string, f: () => Promise<void>) {
  const c0 = process.cpuUsage();
  const r0 = await redisCpu();
  await f();
  const r1 = await redisCpu();
  const c = process.cpuUsage(c0);
  console.log(
    name,
    'node',
    ((c.user + c.system) / N).toFixed(1),
    'redis',
    ((r1 - r0) / N).toFixed(1),
  );
}
const log = createLogger({ service: 'worker', level: 'silent' } as any);
const mk = (limits: any) => {
  const o = openContext({
    url,
    prefix: '{p}',
    role: 'worker',
    log,
    resultTtlSeconds: 3600,
    auditTtlSeconds: 3600,
  } as any);
  return { o, store: composeStore(o, limits) };
};
const A = mk({ maxWaiting: 1e9, maxOpenPerTenant: 0, tenantWeights: null });
await A.store.start(AbortSignal.timeout(5000));
const batch = async (f: (n: number) => Promise<any>) => {
  for (let i = 0; i < N; i += 50) await Promise.all(Array.from({ length: 50 }, (_, k) => f(i + k)));
};
const spec = chatSpec();
await batch(() => A.store.jobs.add(spec));
await raw.flushall();
await A.o.context.queues.load();
await measure('add plain', () => batch(() => A.store.jobs.add(spec)));
let done = 0;
const run = async (f: any, name: string, q: string) => {
  done = 0;
  const p = Promise.withResolvers<void>();
  const w = new (Worker as any)(
    q,
    async () => {
      if (++done === N) setTimeout(() => p.resolve(), 50);
      return {
        output: { response: 'hello there, this is an answer', finish_reason: 'stop', model: 'm' },
        usage: { input_tokens: 1, output_tokens: 1, total_tokens: 2 },
      };
    },
    {
      connection: raw,
      prefix: '{p}',
      concurrency: 50,
      removeOnComplete: { age: 3600 },
      limiter: { max: Number.MAX_SAFE_INTEGER, duration: 1000 },
      name: 'w',
    },
    f,
  );
  await measure(name, async () => {
    await p.promise;
  });
  await w.close();
};
await run(A.o.backendFactory, 'fetch+finish', 'chat.default');
if (process.argv[3] !== 'short') {
  const q = new (Queue as any)('plain', { connection: raw, prefix: '{p}' });
  await measure('bullmq add prio', () =>
    batch((n) => q.add('chat', spec.data, { jobId: 'j_' + n, priority: 1, attempts: 3 })),
  );
  await run(undefined, 'bullmq fetch+finish', 'plain');
  const full = mk({ maxWaiting: 1e6, maxOpenPerTenant: 1e6, tenantWeights: new Map() });
  await full.store.start(AbortSignal.timeout(5000));
  await measure('add everything', () =>
    batch((n) => full.store.jobs.add(spec, { scope: 's' + n, fingerprint: 'f' })),
  );
  await run(full.o.backendFactory, 'fetch+finish everything', 'chat.default');
}
process.exit(0);
